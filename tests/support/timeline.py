"""A core on a simulated clock: the test is its driver and its server."""

import json
from typing import Any

from directus_realtime.core.events import CloseSocket, Event, OpenSocket, SendText, StateChanged
from directus_realtime.core.protocol import Protocol
from directus_realtime.core.recovery import MARGIN, Recovery
from directus_realtime.core.subscription import SubscriptionProtocol
from directus_realtime.types import UNSET, Since

AUTH_OK = {"type": "auth", "status": "ok"}


def error(kind: str, code: str, message: str = "No.", **rest: Any) -> dict[str, Any]:
    """Return an error message of Directus'."""
    return {
        "type": kind,
        "status": "error",
        "error": {"code": code, "message": message},
        **rest,
    }


class Timeline:
    """One core, stepped by hand.

    ``sent`` holds the messages written and not looked at yet; ``events`` all other events.
    Time moves only with :meth:`advance`, from deadline to deadline, and never past one.
    """

    def __init__(self, **options: Any) -> None:
        self.now = 1000.0
        self.core = Protocol(**{"random": lambda: 1.0, **options})
        self.number = 0  # of the current socket
        self.refused: dict[str, str] | None = None  # what its attempt must not use
        self.opened_at: list[float] = []
        self.sent: list[Any] = []
        self.events: list[Event] = []

    def step(self) -> None:
        """Take what the core reports."""
        for event in self.core.events():
            if isinstance(event, OpenSocket):
                self.number, self.refused = event
                self.opened_at.append(self.now)
            elif isinstance(event, SendText):
                assert event.number == self.number, "written to a socket that was given up"
                self.sent.append(json.loads(event.text))
            else:
                self.events.append(event)

    def connect(self) -> None:
        """Ask for a connection."""
        self.core.connect(self.now)
        self.step()

    def open(self, credentials: dict[str, str] | None = None) -> None:
        """Let the current socket open."""
        self.core.opened(self.number, credentials, self.now)
        self.step()

    def online(self) -> None:
        """Connect and authenticate, and forget what that took."""
        self.connect()
        self.accept()

    def accept(self) -> None:
        """Let the current socket open, and Directus accept the token."""
        self.open({"access_token": "secret"})
        assert self.take() == [{"access_token": "secret", "type": "auth"}]
        self.say(AUTH_OK)

    def say(self, *messages: Any) -> None:
        """Let Directus send messages; a string goes as it stands."""
        for message in messages:
            text = message if isinstance(message, str) else json.dumps(message)
            self.core.received(self.number, text, self.now)
            self.step()

    def cut(self, code: int = 1006) -> None:
        """Let the current socket close."""
        self.core.closed(self.number, code, "", self.now)
        self.step()

    def advance(self, seconds: float) -> None:
        """Let time pass; the core is called at each of its deadlines."""
        end = self.now + seconds
        while (due := self.core.deadline()) is not None and due <= end:
            self.now = max(self.now, due)
            self.core.tick(self.now)
            self.step()
            after = self.core.deadline()
            assert after is None or after > self.now, "a deadline is overdue"
        self.now = end

    def retry(self) -> None:
        """Let the time pass until the next attempt."""
        delay = self.happened(StateChanged)[-1].retry_in
        assert delay is not None, "no retry is under way"
        self.advance(delay)

    def reconnect(self) -> None:
        """Lose the connection and come back, forgetting what was written before."""
        self.cut()
        self.retry()
        self.take()
        self.accept()

    def take(self) -> list[Any]:
        """Return the messages written since the last call."""
        sent, self.sent = self.sent, []
        return sent

    def happened(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[str]:
        """Return the states the core went through."""
        return [change.state for change in self.happened(StateChanged)]

    def closed_sockets(self) -> list[int]:
        """Return the numbers of the sockets that the core let go of."""
        return [event.number for event in self.happened(CloseSocket)]

    def subscribe(
        self,
        *,
        event: str | None = "create",
        query: dict[str, Any] | None = None,
        recover: str | None = None,
        since: Since = UNSET,
        limit: int = 10_000,
        uid: str | None = None,
        collection: str = "messages",
        margin: int = MARGIN,
        queue_timeout: float | None = None,
        quiet: bool = False,
    ) -> SubscriptionProtocol:
        """Subscribe to a collection; plainly, unless ``recover`` names a field."""
        recovery = None
        if recover:
            recovery = Recovery(
                field=recover, key="id", query=query or {}, since=since, margin=margin
            )
        subscription = self.core.subscribe(
            collection,
            uid=uid,
            event=event,
            query=query,
            recovery=recovery,
            limit=limit,
            queue_timeout=queue_timeout,
            quiet=quiet,
            now=self.now,
        )
        self.step()
        return subscription

    def read(self, subscription: SubscriptionProtocol, count: int = 1_000_000) -> list[Any]:
        """Let a consumer read up to ``count`` messages, as the driver does it."""
        items: list[Any] = []
        while len(items) < count and (item := subscription.pop()) is not None:
            items.append(item)
            if subscription.is_paused and self.core.resume(subscription, self.now):
                self.step()
        return items

    def unsubscribe(self, subscription: SubscriptionProtocol) -> None:
        """End a subscription."""
        self.core.unsubscribe(subscription, self.now)
        self.step()

    def request(self, action: str = "create", uid: Any = None, **options: Any) -> str:
        """Ask for something to be done; return the uid."""
        message = {"type": "items", "collection": "messages", "action": action}
        if uid is not None:
            message["uid"] = uid
        settings = {"repeatable": action == "read", "quiet": False, "timeout": 10.0, **options}
        sent: str = self.core.request(message, what=action, now=self.now, **settings)
        self.step()
        return sent


def drain(subscription: SubscriptionProtocol) -> list[Any]:
    """Return everything that waits to be read."""
    items = []
    while (item := subscription.pop()) is not None:
        items.append(item)
    return items
