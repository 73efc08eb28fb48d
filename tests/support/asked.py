"""A shared view on simulated time, whose reads a test answers."""

import asyncio
from typing import Any, cast

from directus_realtime.changes import Changes
from directus_realtime.keyed_query import KeyedQuery
from directus_realtime.pace import Pace
from directus_realtime.shared_view import SharedView


class Asked:
    """A client whose reads a test answers, and a watch that is always ready."""

    def __init__(self) -> None:
        self.listeners: list[Any] = []
        self.freshness = "live"
        self.received = 0
        self.queries: list[dict[str, Any]] = []
        self._answer: asyncio.Future[Any] | None = None

    def items(self, collection: str) -> Any:
        return self

    def stats(self) -> Any:
        return {"received": self.received}

    async def ready(self) -> None:
        pass

    def caught_up(self) -> None:
        pass

    async def read(self, query: dict[str, Any], *, quiet: bool) -> Any:
        assert self._answer is None, "one read is under way at a time"
        self.queries.append(query)
        self._answer = asyncio.get_running_loop().create_future()
        return await self._answer

    async def answer(self, *rows: dict[str, Any], error: Exception | None = None) -> None:
        """Answer the read under way."""
        answer = self._answer
        assert answer is not None, "nothing is read"
        self._answer = None
        if error is None:
            answer.set_result(list(rows))
        else:
            answer.set_exception(error)
        await settle()

    @property
    def asks_for(self) -> Any:
        """The keys of the read under way, ``all`` for all rows, None if there is none."""
        if self._answer is None:
            return None
        return self.queries[-1].get("filter", {"id": {"_in": "all"}})["id"]["_in"]


async def settle() -> None:
    """Let all tasks go on until they wait for answers: a second of the simulated time."""
    await asyncio.sleep(1)


async def viewing(*rows: dict[str, Any], **query: Any) -> tuple[Asked, SharedView, Changes]:
    """Return a view that has read rows."""
    client, keyed = Asked(), KeyedQuery("messages", query, "id")
    view = SharedView(cast(Any, client), "messages", keyed, cast(Any, client), Pace())
    changes = Changes()
    view.join(changes)
    assert view.freshness == "loading"
    await settle()
    await client.answer(*rows)
    assert view.is_current
    changes.begin(view.rows)
    return client, view, changes
