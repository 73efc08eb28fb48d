"""Reading and creating items over the realtime connection, each call awaited by its uid."""

from collections.abc import Awaitable
from typing import Any, Protocol

from . import messages


class Ask(Protocol):
    """Sends a request and returns its answer."""

    def __call__(
        self,
        message: dict[str, Any],
        *,
        what: str,
        repeatable: bool,
        quiet: bool,
        timeout: float | None,
    ) -> Awaitable[dict[str, Any]]:
        """See :meth:`app.directus.realtime.RealtimeClient.ask`."""


class Items:
    """The items of one collection.

    Every method raises what :meth:`app.directus.realtime.RealtimeClient.ask` raises, and takes a
    ``timeout`` in seconds, None for the client's own.

    Args:
        collection: the collection's name.
        ask: how a request is sent.
    """

    def __init__(self, collection: str, ask: Ask) -> None:
        self._collection = collection
        self._ask = ask

    async def create(
        self, data: Any, *, query: dict[str, Any] | None = None, timeout: float | None = None
    ) -> Any:
        """Create one item from a dict, or several from a list; return it, or them, as stored.

        Args:
            data: the item's fields, or a list of such.
            query: which fields to return.
            timeout: seconds for the answer.
        """
        message = messages.items("create", self._collection, data=data, query=query)
        return await self._call(message, "create", timeout)

    async def read(
        self,
        query: dict[str, Any] | None = None,
        *,
        id: int | str | None = None,
        ids: list[int | str] | None = None,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Return the items of ``query``, the one of key ``id``, or those of ``ids``.

        Args:
            query: which items and fields, in Directus' words.
            id: one primary key; the answer is that item.
            ids: several primary keys; the answer is a list.
            quiet: whether to keep the answer from the handlers of ``message``.
            timeout: seconds for the answer.
        """
        message = messages.items("read", self._collection, id=id, ids=ids, query=query)
        return await self._call(message, "read", timeout, quiet)

    async def _call(
        self, message: dict[str, Any], what: str, timeout: float | None, quiet: bool = False
    ) -> Any:
        reply = await self._ask(
            message,
            what=f'{what} in "{self._collection}"',
            repeatable=what == "read",
            quiet=quiet,
            timeout=timeout,
        )
        return reply.get("data")
