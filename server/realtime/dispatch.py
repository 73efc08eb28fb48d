"""Performing requests, and delivering their events to subscribers in the order of the commits."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.database.store import Store, translated
from server.errors import DirectusError, internal_error
from server.frames import error_frame
from server.items.events import Event, Payload, View
from server.items.request import ItemsRequest, Outcome
from server.items.service import ItemsService
from server.realtime.hub import Hub, Match, Subscriber, deliver, render

log = logging.getLogger("server")

Sender = Callable[[str], None]
Answer = Callable[[Outcome | DirectusError], None]
P = ParamSpec("P")
T = TypeVar("T")

_ANSWERING = "answering a request"
_DELIVERING = "delivering an event"


@dataclass(slots=True)
class _Commit:
    """A committed write whose events are not delivered yet."""

    outcome: Outcome
    answer: Answer
    delivered: asyncio.Future[None]


class Dispatcher:
    """Performs the requests of sockets and of REST, answers them, and delivers their events."""

    def __init__(self, store: Store, hub: Hub, items: ItemsService) -> None:
        self.senders: dict[Subscriber, Sender] = {}
        """The function that sends a frame to a subscriber, for each that is connected."""
        self._store = store
        self._hub = hub
        self._items = items
        self._pending: list[_Commit] = []
        self._delivering = False

    async def perform(self, request: ItemsRequest, answer: Answer) -> None:
        """Perform ``request``, call ``answer`` once with the result, and deliver the events.

        An unexpected exception is logged, and the answer is INTERNAL_SERVER_ERROR. Must not be
        cancelled: the events of a commit have to be delivered.
        """
        run = self._store.read if request.action == "read" else self._store.write
        try:
            outcome = await run(lambda connection: self._items.perform(connection, request))
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
        commit = _Commit(outcome, answer, asyncio.get_running_loop().create_future())
        self._pending.append(commit)
        if not self._delivering:
            await self._deliver_all()
        await commit.delivered

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
        matched = [
            _attempt("matching an event", self._hub.match, commit.outcome.events) or []
            for commit in commits
        ]
        rendered = await self._render_all([view for matches in matched for _, view in matches])
        for commit, matches in zip(commits, matched, strict=True):
            # Directus answers while it reads for the first subscription: that one comes before
            # the reply and the others after it, unless counting made the first one slow.
            first = _before_reply(matches, commit.outcome.events)
            _attempt(_DELIVERING, self._send, matches[:first], rendered)
            _attempt(_ANSWERING, commit.answer, commit.outcome)
            _attempt(_DELIVERING, self._send, matches[first:], rendered)
            commit.delivered.set_result(None)

    def _send(self, matches: Sequence[Match], rendered: Mapping[View, str | None]) -> None:
        for subscriber, text in deliver(matches, rendered):
            if send := self.senders.get(subscriber):
                _attempt(_DELIVERING, send, text)

    async def _render_all(self, views: Sequence[View]) -> Mapping[View, str | None]:
        def read(connection: sa.Connection) -> dict[View, str | None]:
            return {view: self._render(connection, view) for view in dict.fromkeys(views)}

        if not views:
            return {}
        try:
            return await self._store.read(read)
        except DirectusError as error:
            log.error("events were not delivered to subscribers: %s", error)
        except Exception:
            log.exception("events were not delivered to subscribers")
        return dict.fromkeys(views)

    def _render(self, connection: sa.Connection, view: View) -> str | None:
        """Return the frame of one view. Its failure is an error frame for its subscribers."""

        def read(view: View) -> Payload:
            try:
                return self._items.read_view(connection, view)
            except DBAPIError as error:
                raise translated(error) from error

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
