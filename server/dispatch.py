"""Performing requests and telling subscribers what came of them, in the order of the commits."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.errors import DirectusError
from server.hub import Event, Hub, Subscriber, Subscription, Told, View, tell, texts_of
from server.items import Items
from server.request import Outcome, Request
from server.store import Store

log = logging.getLogger("server")

Outlet = Callable[[str], None]
Answer = Callable[[Outcome | DirectusError], None]


@dataclass(slots=True)
class _Commit:
    """What was committed, and who waits to hear of it."""

    outcome: Outcome
    answer: Answer
    told: asyncio.Future[None]


class Dispatcher:
    """Takes requests, by socket or by REST, and sees to all that follows from them."""

    def __init__(self, store: Store, hub: Hub, items: Items) -> None:
        self.outlets: dict[Subscriber, Outlet] = {}
        """What takes the frames of each subscriber that can be reached."""
        self._store = store
        self._hub = hub
        self._items = items
        self._untold: list[_Commit] = []
        self._telling = False

    async def perform(self, request: Request, answer: Answer) -> None:
        """Perform ``request``, hand its outcome to ``answer``, and tell the subscribers.

        Must not be cancelled: what is committed has to be told.
        """
        run = self._store.read if request.action == "read" else self._store.write
        try:
            outcome = await run(lambda connection: self._items.perform(connection, request))
        except DirectusError as error:
            answer(error)
            return
        if not outcome.events:
            answer(outcome)
            return
        # Commits are told of in the order in which they were made, and those that came while
        # others were read for are read for together.
        commit = _Commit(outcome, answer, asyncio.get_running_loop().create_future())
        self._untold.append(commit)
        if not self._telling:
            await self._tell_all()
        await commit.told

    async def _tell_all(self) -> None:
        self._telling = True
        try:
            while self._untold:
                commits, self._untold = self._untold, []
                await self._tell(commits)
        finally:
            self._telling = False

    async def _tell(self, commits: list[_Commit]) -> None:
        concerned = [self._hub.concerned(commit.outcome.events) for commit in commits]
        texts = await self._texts([view for pairs in concerned for _, view in pairs])
        for commit, pairs in zip(commits, concerned, strict=True):
            # Directus answers while it reads for the first subscription: that one comes before
            # the reply and the others after it, unless counting made the first one slow.
            first = _first(pairs, commit.outcome.events)
            self._deliver(tell(pairs[:first], texts))
            commit.answer(commit.outcome)
            self._deliver(tell(pairs[first:], texts))
            commit.told.set_result(None)

    def _deliver(self, told: Iterable[Told]) -> None:
        for subscriber, text in told:
            if outlet := self.outlets.get(subscriber):
                outlet(text)

    async def _texts(self, views: Sequence[View]) -> dict[View, str | None]:
        def read(connection: sa.Connection) -> dict[View, str | None]:
            return texts_of(views, lambda view: self._items.show(connection, view))

        if not views:
            return {}
        try:
            return await self._store.read(read)
        except DirectusError as error:
            log.error("subscribers were not told: %s", error)
            return dict.fromkeys(views)


def _first(concerned: Sequence[tuple[Subscription, View]], events: Sequence[Event]) -> int:
    """Return how many of ``concerned``, all of one subscription, are told before the author."""
    if not concerned or events[0].action == "delete" or concerned[0][0].query.meta:
        return 0
    first = concerned[0][0]
    return sum(1 for subscription, _ in concerned if subscription is first)
