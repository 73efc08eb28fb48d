"""Performing requests and telling subscribers what came of them, in the order of the commits."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.errors import DirectusError, internal_error
from server.frames import error_frame
from server.hub import Event, Hub, Shown, Subscriber, Subscription, View, tell, text_of
from server.items import Items
from server.request import Outcome, Request
from server.store import Store, translated

log = logging.getLogger("server")

Outlet = Callable[[str], None]
Answer = Callable[[Outcome | DirectusError], None]
Concerned = Sequence[tuple[Subscription, View]]
P = ParamSpec("P")
T = TypeVar("T")

_ANSWERING = "answering a request"
_DELIVERING = "delivering an event"


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
            _attempt(_ANSWERING, answer, error)
            return
        except Exception:
            log.exception("a request failed")
            _attempt(_ANSWERING, answer, internal_error())
            return
        if not outcome.events:
            _attempt(_ANSWERING, answer, outcome)
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
        """Tell of each of ``commits``. No failure of one part keeps another from its answer."""
        concerned = [
            _attempt("finding subscribers", self._hub.concerned, commit.outcome.events) or []
            for commit in commits
        ]
        texts = await self._texts([view for pairs in concerned for _, view in pairs])
        for commit, pairs in zip(commits, concerned, strict=True):
            # Directus answers while it reads for the first subscription: that one comes before
            # the reply and the others after it, unless counting made the first one slow.
            first = _first(pairs, commit.outcome.events)
            _attempt(_DELIVERING, self._deliver, pairs[:first], texts)
            _attempt(_ANSWERING, commit.answer, commit.outcome)
            _attempt(_DELIVERING, self._deliver, pairs[first:], texts)
            commit.told.set_result(None)

    def _deliver(self, concerned: Concerned, texts: Mapping[View, str | None]) -> None:
        for subscriber, text in tell(concerned, texts):
            if outlet := self.outlets.get(subscriber):
                _attempt(_DELIVERING, outlet, text)

    async def _texts(self, views: Sequence[View]) -> Mapping[View, str | None]:
        def read(connection: sa.Connection) -> dict[View, str | None]:
            return {view: self._text(connection, view) for view in dict.fromkeys(views)}

        if not views:
            return {}
        try:
            return await self._store.read(read)
        except DirectusError as error:
            log.error("subscribers were not told: %s", error)
        except Exception:
            log.exception("subscribers were not told")
        return dict.fromkeys(views)

    def _text(self, connection: sa.Connection, view: View) -> str | None:
        """Return the frame of one view; its subscribers alone hear of what goes wrong with it."""

        def show(view: View) -> Shown:
            try:
                return self._items.show(connection, view)
            except DBAPIError as error:
                raise translated(error) from error

        try:
            return text_of(view, show)
        except Exception:
            log.exception("reading an event for its subscribers failed")
            return error_frame("subscribe", internal_error())


def _attempt(what: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Return the result of ``call``, or None after a failure, which is logged."""
    try:
        return call(*args, **kwargs)
    except Exception:
        log.exception("%s failed", what)
        return None


def _first(concerned: Concerned, events: Sequence[Event]) -> int:
    """Return how many of ``concerned``, all of one subscription, are told before the author."""
    if not concerned or events[0].action == "delete" or concerned[0][0].query.meta:
        return 0
    first = concerned[0][0]
    return sum(1 for subscription, _ in concerned if subscription is first)
