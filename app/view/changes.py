"""What others change and delete, shown in ``#messages``.

Two quiet subscriptions bring it, which neither the console nor the handlers of ``message`` see.
What was missed before they began, on each connection, is made up for by reading the shown rows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal, Protocol

from js import console

from app.view import messages

_FIELDS = ["id", "user", "text"]
_EVENTS: tuple[Literal["update", "delete"], ...] = ("update", "delete")


class Client(Protocol):
    """What is needed of a client."""

    def items(self, collection: str) -> Any:
        """Return what reads the items of a collection."""

    def subscribe(
        self,
        collection: str,
        *,
        event: Literal["update", "delete"],
        query: dict[str, Any],
        recover: None,
        quiet: bool,
    ) -> Awaitable[Any]:
        """Return the messages of a subscription."""


class Changes:
    """Shows what others change and delete, from when it is followed.

    Args:
        client: the client.
        collection: the collection's name.
    """

    def __init__(self, client: Client, collection: str) -> None:
        self._client = client
        self._collection = collection
        self._may_have_missed = asyncio.Event()
        self._has_told = False

    async def follow(self) -> None:
        """Follow the changes; where they cannot be read, the console says so in one line."""
        if not await self._succeeds(self._read({"limit": 1})):
            return  # and nothing is subscribed to: each event would be an error
        subscriptions = [await self._subscribe(event) for event in _EVENTS]
        try:
            await asyncio.gather(
                self._succeeds(self._listen(subscriptions[0], messages.change)),
                self._succeeds(self._listen(subscriptions[1], messages.remove)),
                self._make_up_for_what_was_missed(),
            )
        finally:
            for subscription in subscriptions:
                subscription.unsubscribe()

    def _subscribe(self, event: Literal["update", "delete"]) -> Awaitable[Any]:
        query = {"fields": _FIELDS, "limit": -1}
        return self._client.subscribe(
            self._collection, event=event, query=query, recover=None, quiet=True
        )

    async def _listen(self, subscription: Any, show: Callable[[list[Any]], None]) -> None:
        async for message in subscription:
            if message["event"] == "init":
                self._may_have_missed.set()
            else:
                show(message["data"])

    async def _make_up_for_what_was_missed(self) -> None:
        while True:
            await self._may_have_missed.wait()
            self._may_have_missed.clear()
            await self._succeeds(self._read_again())

    async def _read_again(self) -> None:
        """Read the rows that are shown, and take away those that are no more.

        Directus may cut an answer to its limit: a row is gone only where an answer brings none of
        those that are left.
        """
        left = set(messages.keys())
        while left:
            rows = await self._read({"filter": {"id": {"_in": sorted(left)}}, "limit": -1})
            found = {str(row["id"]) for row in rows} & left
            if not found:
                messages.remove(list(left))
            messages.change(rows)
            left = left - found if found else set()

    def _read(self, query: dict[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        read: Callable[..., Awaitable[list[dict[str, Any]]]]
        read = self._client.items(self._collection).read
        return read({"fields": _FIELDS, **query}, quiet=True)

    async def _succeeds(self, work: Awaitable[Any]) -> bool:
        """Do ``work``; tell the first error of the SDK's in the console."""
        try:
            await work
        except Exception as error:
            if not hasattr(error, "code"):  # a fault of this program
                raise
            if not self._has_told:
                self._has_told = True
                console.info(f"What others change and delete may not be shown: {error}")
            return False
        return True
