"""Reading and writing items over the realtime connection, each call awaited by its uid."""

from collections.abc import Awaitable
from typing import Any, Protocol, overload

from .checks import (
    can_be_read_by,
    check_collection,
    check_items,
    check_json,
    check_keys,
    check_query,
    check_single_key,
)
from .core import messages
from .errors import DeliveryUnknown, NotDelivered, ServerError, UsageError, no_rows_error
from .types import Key, Keys, Query, Row


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
        """Return the answer, or raise a RequestError."""


class Items:
    """The items of one collection.

    Every method takes a ``timeout`` in seconds, None for the client's own. Where ``id``, ``ids``
    and a query may be given, it is one of them.

    Args:
        collection: the collection's name.
        ask: how a request is sent.

    Raises:
        UsageError: ``collection`` is no name.
    """

    def __init__(self, collection: str, ask: Ask) -> None:
        check_collection(collection)
        self._collection = collection
        self._ask = ask

    @overload
    async def create(
        self,
        data: Row,
        *,
        query: Query | None = None,
        key: str = "id",
        timeout: float | None = None,
    ) -> Row: ...

    @overload
    async def create(
        self,
        data: list[Row],
        *,
        query: Query | None = None,
        key: str = "id",
        timeout: float | None = None,
    ) -> list[Row]: ...

    async def create(
        self,
        data: Any,
        *,
        query: Query | None = None,
        key: str = "id",
        timeout: float | None = None,
    ) -> Any:
        """Create one item from a dict, or several from a list; return it, or them, as stored.

        An item that brings its own key, such as a UUID made here, is looked up where the
        connection fell before the answer came; so its fate is always known.

        Args:
            data: the item's fields, or a list of such.
            query: which fields to return.
            key: the name of the collection's primary key.
            timeout: seconds for the answer.

        Raises:
            UsageError: ``data`` is no item, or a field's value is no JSON value.
            NotDelivered: the item brought its key, and was not created.
        """
        check_items(data, "data")
        try:
            return await self._call("create", timeout, data=data, query=query)
        except DeliveryUnknown:
            if not isinstance(data, dict) or not can_be_read_by(data.get(key)):
                raise
        try:
            return await self._call("read", timeout, id=data[key], query=query)
        except ServerError as error:
            if error.code != "FORBIDDEN":
                raise
            raise NotDelivered(f'create in "{self._collection}"') from None

    @overload
    async def read(
        self,
        query: Query | None = None,
        *,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> list[Row]: ...

    @overload
    async def read(
        self,
        query: Query | None = None,
        *,
        id: Key,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> Row: ...

    @overload
    async def read(
        self,
        query: Query | None = None,
        *,
        ids: Keys,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> list[Row]: ...

    async def read(
        self,
        query: Query | None = None,
        *,
        id: Key | None = None,
        ids: Keys | None = None,
        quiet: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Return the items of ``query``, the one of key ``id``, or those of ``ids``.

        A singleton's one item comes as a dict, without ``id`` too.

        Args:
            query: which items and fields, in Directus' words.
            id: one primary key; the answer is that item.
            ids: several primary keys; the answer is a list.
            quiet: whether to keep the answer from the handlers of ``message``.
            timeout: seconds for the answer.
        """
        return await self._call("read", timeout, quiet, id=id, ids=ids, query=query)

    @overload
    async def update(
        self,
        data: Row,
        *,
        id: Key,
        query: Query | None = None,
        timeout: float | None = None,
    ) -> Row: ...

    @overload
    async def update(
        self,
        data: Row,
        *,
        ids: Keys,
        query: Query | None = None,
        timeout: float | None = None,
    ) -> list[Row]: ...

    @overload
    async def update(
        self,
        data: Row,
        *,
        query: Query,
        timeout: float | None = None,
    ) -> list[Row]: ...

    @overload
    async def update(
        self,
        data: list[Row],
        *,
        query: Query | None = None,
        timeout: float | None = None,
    ) -> list[Row]: ...

    async def update(
        self,
        data: Any,
        *,
        id: Key | None = None,
        ids: Keys | None = None,
        query: Query | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Change items; return them as stored: one for ``id``, else a list.

        A singleton's one item is changed with ``query={}``, and returned as a dict.

        Args:
            data: the fields to change; or, alone, a list of items with their keys.
            id: one primary key.
            ids: several primary keys; ``query`` then says which fields to return.
            query: which items to change, if neither of the two is given.
            timeout: seconds for the answer.

        Raises:
            UsageError: nothing says which items, and Directus would change every one; or ``data``
                is no item, or a field's value is no JSON value.
        """
        check_items(data, "data")
        if isinstance(data, list):
            if id is not None or ids is not None:
                raise UsageError(
                    "A list of items to update brings the key of each: leave out `id` and `ids`, "
                    "or pass one dict of the fields to change."
                )
        elif id is None and ids is None and query is None:
            raise UsageError(
                "Which items to update was not said, and Directus would take all of them: pass "
                "`id`, `ids` or `query`; of a singleton, which has one item, pass `query={}`."
            )
        return await self._call("update", timeout, id=id, ids=ids, data=data, query=query)

    @overload
    async def delete(
        self,
        *,
        id: Key,
        timeout: float | None = None,
    ) -> Key: ...

    @overload
    async def delete(
        self,
        *,
        ids: Keys,
        timeout: float | None = None,
    ) -> list[Key]: ...

    @overload
    async def delete(
        self,
        *,
        query: Query,
        timeout: float | None = None,
    ) -> list[Key]: ...

    async def delete(
        self,
        *,
        id: Key | None = None,
        ids: Keys | None = None,
        query: Query | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Delete items; return their keys: one for ``id``, else a list.

        Args:
            id: one primary key.
            ids: several primary keys.
            query: which items, if neither of the two is given.
            timeout: seconds for the answer.
        """
        return await self._call("delete", timeout, id=id, ids=ids, query=query)

    async def newest(
        self, count: int, *, by: str = "id", timeout: float | None = None
    ) -> list[Row]:
        """Return the newest items, the oldest of them first; handlers of ``message`` see nothing.

        Where the connection is lost on the way, smaller pieces are asked for.

        Args:
            count: how many items at most.
            by: an ascending field.
            timeout: seconds for each answer.

        Raises:
            UsageError: the collection is a singleton.
        """
        rows: list[Row] = []  # the newest first
        size, offset = count, 0
        while offset < count:
            limit = min(size, count - offset)
            query = {"fields": ["*"], "sort": ["-" + by], "limit": limit, "offset": offset}
            try:
                found = await self._call("read", timeout, True, False, query=query)
            except DeliveryUnknown:
                if size == 1:
                    raise
                size = max(1, size // 4)
                continue
            if isinstance(found, dict):
                raise UsageError(
                    f'"{self._collection}" is a singleton, whose one item is never the newest: '
                    "read it with `read()`."
                )
            if not isinstance(found, list):
                raise no_rows_error(self._collection)
            # What is created meanwhile moves the others on, so that a row may come twice.
            rows += [row for row in found if row not in rows]
            offset += limit
            if len(found) < limit:
                break
        return rows[::-1]

    async def _call(
        self,
        action: str,
        timeout: float | None,
        quiet: bool = False,
        repeatable: bool = True,
        **parts: Any,
    ) -> Any:
        if parts.get("id") is not None:
            check_single_key(parts["id"])
        if parts.get("ids") is not None:
            check_keys(parts["ids"])
        check_query(parts.get("query"))
        message = messages.items(action, self._collection, **parts)
        try:
            reply = await self._ask(
                message,
                what=f'{action} in "{self._collection}"',
                repeatable=repeatable and action == "read",
                quiet=quiet,
                timeout=timeout,
            )
        except (TypeError, ValueError, RecursionError):
            # Looked through only now: a large list of items that is JSON costs nothing.
            check_json(parts.get("data"), "data")
            raise
        return reply.get("data")
