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

    @property
    def state(self) -> str:
        """The connection's state."""

    def on_state(self, callback: Callable[[Any], object]) -> Callable[[], None]:
        """Call ``callback`` at each change of the state; return what ends that."""

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
        self._subscriptions: list[Any] = []
        self._may_have_missed = asyncio.Event()
        self._has_told = False

    async def follow(self) -> None:
        """Follow the changes; where they cannot be read, the console says so in one line."""
        while not await self._succeeds(self._begin()):
            if self._client.state == "open":
                return
            await self._opened()  # the connection was closed meanwhile
        updates, deletes = self._subscriptions
        try:
            await asyncio.gather(
                self._succeeds(self._listen(updates, messages.change)),
                self._succeeds(self._listen(deletes, messages.remove)),
                self._make_up_for_what_was_missed(),
            )
        finally:
            self._end()

    async def _begin(self) -> None:
        """Subscribe, where one row can be read: else each event would be an error."""
        await self._read({"limit": 1})
        try:
            for event in _EVENTS:
                self._subscriptions.append(await self._subscribe(event))
        except BaseException:
            self._end()
            raise

    def _end(self) -> None:
        while self._subscriptions:
            self._subscriptions.pop().unsubscribe()

    async def _opened(self) -> None:
        """Return when the connection is open again."""
        opened = asyncio.Event()
        stop = self._client.on_state(lambda change: change.state == "open" and opened.set())
        try:
            await opened.wait()
        finally:
            stop()

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
        those that are left. What an event told meanwhile is newer than the answer.
        """
        left = set(messages.keys())
        while left:
            with messages.touched() as newer:
                rows = await self._read({"filter": {"id": {"_in": sorted(left)}}, "limit": -1})
            found = {str(row["id"]) for row in rows} & left
            if not found:
                messages.remove(list(left - newer))
            messages.change([row for row in rows if str(row["id"]) not in newer])
            left = left - found - newer if found else set()

    def _read(self, query: dict[str, Any]) -> Awaitable[list[dict[str, Any]]]:
        read: Callable[..., Awaitable[list[dict[str, Any]]]]
        read = self._client.items(self._collection).read
        return read({"fields": _FIELDS, **query}, quiet=True)

    async def _succeeds(self, work: Awaitable[Any]) -> bool:
        """Do ``work``; tell the first error of the SDK's in the console, if it is connected."""
        try:
            await work
        except Exception as error:
            if not hasattr(error, "code"):  # a fault of this program
                raise
            if not self._has_told and self._client.state == "open":
                self._has_told = True
                console.info(f"What others change and delete may not be shown: {error}")
            return False
        return True
