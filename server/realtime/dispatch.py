"""Performing requests, and delivering their events to subscribers in the order of the commits."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ParamSpec, TypeVar

import sqlalchemy as sa

from server.database.store import Store
from server.errors import DirectusError, internal_error
from server.frames import error_frame, written
from server.items.events import Event, Payload, View
from server.items.request import ItemsRequest, Outcome
from server.items.service import ItemsService
from server.realtime.hub import Hub, Match, Subscriber, deliver, render
from server.realtime.slow_views import SlowViews

log = logging.getLogger("server")

Sender = Callable[[str], None]
Answer = Callable[[Outcome | DirectusError], None]
P = ParamSpec("P")
T = TypeVar("T")

_ANSWERING = "answering a request"
_DELIVERING = "delivering an event"
_MATCHES = 500  # handled before others have their turn
_VIEWS = 64  # read in one job
_LATEST_ANSWER = 0.5  # seconds after the commit: the answer then comes before the events


@dataclass(slots=True)
class _Commit:
    """A committed write whose events are not delivered yet."""

    outcome: Outcome
    answer: Answer
    delivered: asyncio.Future[None]
    answered: bool = False

    def give_answer(self) -> None:
        """Answer, unless that is done."""
        if not self.answered:
            self.answered = True
            _attempt(_ANSWERING, self.answer, self.outcome)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some events of a commit, with their matches; ``first`` and ``last`` say which."""

    commit: _Commit
    events: Sequence[Event]
    matches: Sequence[Match]
    first: bool
    last: bool


class Dispatcher:
    """Performs the requests of sockets and of REST, answers them, and delivers their events."""

    def __init__(self, store: Store, hub: Hub, items: ItemsService) -> None:
        self.senders: dict[Subscriber, Sender] = {}
        """The function that sends a frame to a subscriber, for each that is connected."""
        self._store = store
        self._hub = hub
        self._items = items
        self._slow = SlowViews()
        self._pending: list[_Commit] = []
        self._delivering = False

    async def perform(self, request: ItemsRequest, answer: Answer) -> None:
        """Perform ``request``, call ``answer`` once with the result, and deliver the events.

        An unexpected exception is logged, and the answer is INTERNAL_SERVER_ERROR. Must not be
        cancelled: the events of a commit have to be delivered.
        """
        run = self._store.read if request.action == "read" else self._store.write
        try:
            outcome = await run(partial(self._perform, request), request.client)
        except DirectusError as error:
            _attempt(_ANSWERING, answer, error)
            return
        except Exception:
            log.exception("a request failed")
            _attempt(_ANSWERING, answer, internal_error())
            return
        if not outcome.events:
            _attempt(_ANSWERING, answer, outcome)
            return
        # Events are delivered in the order of their commits. Commits that arrive while the rows
        # of others are read form the next batch, whose rows are read together.
        loop = asyncio.get_running_loop()
        commit = _Commit(outcome, answer, loop.create_future())
        late = loop.call_later(_LATEST_ANSWER, commit.give_answer)
        self._pending.append(commit)
        if not self._delivering:
            await self._deliver_all()
        await commit.delivered
        late.cancel()

    def _perform(self, request: ItemsRequest, connection: sa.Connection) -> Outcome:
        outcome = self._items.perform(connection, request)
        try:
            return replace(outcome, data=written(outcome.data))
        except DirectusError as error:
            if request.action == "read":
                raise
            return replace(outcome, data=None, error=error)

    async def _deliver_all(self) -> None:
        self._delivering = True
        try:
            while self._pending:
                commits, self._pending = self._pending, []
                await self._deliver_batch(commits)
        finally:
            self._delivering = False

    async def _deliver_batch(self, commits: list[_Commit]) -> None:
        """Answer each of ``commits`` and deliver its events. A failure affects its part alone."""
        parts: list[_Part] = []
        for part in self._parts(commits):
            parts.append(part)
            if sum(len(part.matches) for part in parts) >= _MATCHES:
                await self._deliver_parts(parts)
                parts = []
        await self._deliver_parts(parts)

    def _parts(self, commits: list[_Commit]) -> Iterator[_Part]:
        """Yield the events of ``commits`` in parts that do not keep the event loop for long."""
        for commit in commits:
            events = commit.outcome.events
            step = max(1, _MATCHES // max(1, self._hub.count(events[0].collection)))
            for at in range(0, len(events), step):
                some = events[at : at + step]
                matches = _attempt("matching an event", self._hub.match, some) or []
                yield _Part(commit, some, matches, at == 0, at + step >= len(events))

    async def _deliver_parts(self, parts: Sequence[_Part]) -> None:
        rendered = await self._render_all([match for part in parts for match in part.matches])
        for part in parts:
            # Directus answers while it reads for the first subscription: that one comes before
            # the reply and the others after it, unless counting made the first one slow.
            first = _before_reply(part.matches, part.events) if part.first else 0
            await self._send(part.matches[:first], rendered)
            part.commit.give_answer()
            await self._send(part.matches[first:], rendered)
            if part.last:
                part.commit.delivered.set_result(None)

    async def _send(self, matches: Sequence[Match], rendered: Mapping[View, str | None]) -> None:
        for at in range(0, len(matches), _MATCHES):
            if at:
                await asyncio.sleep(0)  # give way
            _attempt(_DELIVERING, self._send_some, matches[at : at + _MATCHES], rendered)

    def _send_some(self, matches: Sequence[Match], rendered: Mapping[View, str | None]) -> None:
        for subscriber, text in deliver(matches, rendered):
            if send := self.senders.get(subscriber):
                _attempt(_DELIVERING, send, text)

    async def _render_all(self, matches: Sequence[Match]) -> Mapping[View, str | None]:
        clients: dict[View, list[Subscriber]] = {}
        for subscription, view in matches:
            clients.setdefault(view, []).append(subscription.subscriber)
        different = list(clients.items())
        rendered: dict[View, str | None] = dict.fromkeys(clients)
        self._slow.start()
        for at in range(0, len(different), _VIEWS):
            some = different[at : at + _VIEWS]
            try:
                rendered |= await self._store.read_views(partial(self._render_some, some))
            except DirectusError as error:
                log.error("events were not delivered to subscribers: %s", error)
            except Exception:
                log.exception("events were not delivered to subscribers")
        return rendered

    def _render_some(
        self, views: Sequence[tuple[View, Sequence[Subscriber]]], connection: sa.Connection
    ) -> dict[View, str | None]:
        return {view: self._render(connection, view, clients) for view, clients in views}

    def _render(
        self, connection: sa.Connection, view: View, clients: Sequence[Subscriber]
    ) -> str | None:
        """Return the frame of one view. Its failure is an error frame for its subscribers."""

        def read(view: View) -> Payload:
            with self._slow.watch(connection, view, clients):
                return self._items.read_view(connection, view)

        try:
            return render(view, read)
        except Exception:
            log.exception("reading an event for its subscribers failed")
            return error_frame("subscribe", internal_error())


def _attempt(what: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Return the result of ``call``; log an exception and return None."""
    try:
        return call(*args, **kwargs)
    except Exception:
        log.exception("%s failed", what)
        return None


def _before_reply(matches: Sequence[Match], events: Sequence[Event]) -> int:
    """Return how many of ``matches``, all of one subscription, are delivered before the reply."""
    if not matches or events[0].action == "delete" or matches[0][0].query.meta:
        return 0
    first = matches[0][0]
    return sum(1 for subscription, _ in matches if subscription is first)
