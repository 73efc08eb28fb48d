"""Whatever comes from the wire: the core never raises, and holds no more than it should."""

import json
import random
from collections.abc import Callable
from typing import Any

from directus_realtime.core.auth import Credentials
from directus_realtime.core.events import CredentialsNeeded, OpenSocket, SendText
from directus_realtime.core.protocol import Protocol
from directus_realtime.core.recovery import MARGIN, Recovery
from directus_realtime.core.states import State
from directus_realtime.core.subscription import SubscriptionProtocol
from directus_realtime.types import UNSET

from tests.support.tier import runs

CREDENTIALS = Credentials({"access_token": "t"}, refresh_in=50.0, refreshable=True)
DEEP: Any = json.loads("[" * 500 + "]" * 500)
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 3, 2**53, 2**70, 0.5, -1e308, "", "1", "007", "٣", "x"),
    *("9" * 5000, "\ud800", [], {}, [1], [[]], [{}], {"id": 1}, [{"id": 1}], [None], DEEP),
]
TEXTS = [
    *("", "null", "[]", "7", '"text"', "{", "NaN", '{"type":"items","data":NaN}', "[" * 100_000),
    *('{"type":"items","data":[{"id":1e999}]}', '{"a":' + "9" * 5000 + "}", "\ud800", "\x00"),
]
KINDS = ["auth", "items", "subscription", "subscribe", "ping", "pong", "x", None, 7]
EVENTS: list[Any] = ["init", "create", "update", "delete", "unsubscribe", "x", None, []]
CODES: list[Any] = [
    *["FORBIDDEN", "INVALID_QUERY", "X", None, {}] * 3,
    "TOKEN_EXPIRED",
    "AUTH_FAILED",
]


class Fuzz:
    """One client, the frames that it gets, and what drives it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.core = Protocol(random=self.random.random)
        self.now = 0.0
        self.number = 0
        self.asked: list[dict[str, Any]] = [{"type": "x", "uid": "x"}]  # what was sent last
        self.subscriptions: list[SubscriptionProtocol] = []

    def step(self) -> None:
        for event in self.core.events():
            if isinstance(event, OpenSocket):
                self.number = event.number
                self.core.prepared(self.number, CREDENTIALS)
                self.core.opened(self.number, CREDENTIALS.fields, self.now)
                self.core.received(self.number, '{"type":"auth","status":"ok"}', self.now)
            elif isinstance(event, CredentialsNeeded):
                self.core.refresh(event.number, CREDENTIALS)
            elif isinstance(event, SendText):
                self.asked = [*self.asked[-20:], json.loads(event.text)]

    def subscribe(self, field: str | None) -> SubscriptionProtocol:
        recovery = None
        if field:
            since = self.random.choice([None, UNSET])
            recovery = Recovery(field=field, key="id", query={}, since=since)
        subscription = self.core.subscribe(
            "messages",
            uid=None,
            event="create" if field else None,
            query={},
            recovery=recovery,
            limit=100,
            now=self.now,
        )
        self.subscriptions.append(subscription)
        return subscription

    def value(self) -> Any:
        return self.random.choice(ODD)

    def row(self) -> Any:
        if self.random.random() < 0.2:
            return self.value()
        names = self.random.sample(["id", "date_created", "text"], self.random.randrange(4))
        return {
            name: self._number() if self.random.random() < 0.6 else self.value() for name in names
        }

    def rows(self, *counts: int) -> list[Any]:
        return [self.row() for _ in range(self.random.choice(counts))]

    def frame(self) -> str:
        """Return what Directus might send, what a broken one might, or anything."""
        share = self.random.random()
        if share < 0.4:
            return json.dumps(self.answer(self.random.choice(self.asked)))
        if share < 0.6 and self.subscriptions:
            uid = self.random.choice(self.subscriptions).uid
            event = self.random.choice(EVENTS[1:4])
            return json.dumps(
                {
                    "type": "subscription",
                    "event": event,
                    "data": self.rows(0, 1, 2, 3, 3),
                    "uid": uid,
                }
            )
        if share < 0.65:
            return self.random.choice(TEXTS)
        return json.dumps(self.anything())

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        uid = message.get("uid")
        match message["type"]:
            case "subscribe":
                return {"type": "subscription", "event": "init", "uid": uid}
            case "unsubscribe":
                return {"type": "subscription", "event": "unsubscribe", "uid": uid}
            case "auth":
                return {"type": "auth", "status": "ok"}
            case _:
                return {"type": "items", "data": self.rows(0, 1, 2, 3, 1000), "uid": uid}

    def anything(self) -> dict[str, Any]:
        message: dict[str, Any] = {"type": self.random.choice(KINDS)}
        parts: dict[str, Callable[[], Any]] = {
            "uid": lambda: self.random.choice(
                [self.random.choice(self.asked).get("uid"), self.value()]
            ),
            "event": lambda: self.random.choice(EVENTS),
            "status": lambda: self.random.choice(["ok", "error", "error", self.value()]),
            "error": lambda: self.random.choice(
                [self.value(), {"code": self.random.choice(CODES), "message": self.value()}]
            ),
            "data": lambda: self.random.choice(
                [self.value(), [self.row() for _ in range(self.random.randrange(4))]]
            ),
        }
        for name, make in parts.items():
            if self.random.random() < 0.7:
                message[name] = make()
        return message

    def disturb(self) -> None:
        """Let something else happen than a frame."""
        match self.random.randrange(8):
            case 0:
                self.core.closed(self.number, 1006, "", self.now)
            case 1:
                self.now += self.random.choice([0.1, 1, 12])
                self.core.tick(self.now)
            case 2:
                for subscription in self.subscriptions:
                    while subscription.pop() is not None:
                        self.core.resume(subscription, self.now)
            case 3 if len(self.subscriptions) < 20:
                self.subscribe(self.random.choice(["id", "date_created", None]))
            case 4 if self.subscriptions:
                index = self.random.randrange(len(self.subscriptions))
                self.core.unsubscribe(self.subscriptions.pop(index), self.now)
            case 5 if self.core.state is State.OPEN:
                message = {"type": "items", "collection": "messages", "action": "read"}
                self.core.request(
                    message, what="read", repeatable=True, quiet=False, timeout=5, now=self.now
                )
            case 6:
                self.core.connect(self.now)
        self.subscriptions = [each for each in self.subscriptions if not each.ended]

    def _number(self) -> int:
        return self.random.randrange(1_000_000)


def good_again(fuzz: Fuzz) -> None:
    """See that on a new connection all is as ever."""
    fuzz.core.disconnect(fuzz.now)
    fuzz.core.connect(fuzz.now)
    fuzz.step()
    assert fuzz.core.state is State.OPEN
    plain = fuzz.subscribe(None)
    for message in (
        {"type": "subscription", "event": "init", "uid": plain.uid},
        {"type": "subscription", "event": "create", "data": [{"id": 1}], "uid": plain.uid},
    ):
        fuzz.core.received(fuzz.number, json.dumps(message), fuzz.now)
    assert [plain.pop(), plain.pop()] != [None, None]
    fuzz.core.unsubscribe(plain, fuzz.now)


def test_the_core_never_raises_on_what_comes_and_stays_bounded() -> None:
    fuzz = Fuzz(seed=1)
    fuzz.core.connect(0.0)
    for count in range(runs(1_000_000)):
        fuzz.step()
        fuzz.core.received(fuzz.number, fuzz.frame(), fuzz.now)
        if fuzz.random.random() < 0.1:
            fuzz.disturb()
        if count % 5000 == 4999:
            assert max((s.remembered for s in fuzz.subscriptions), default=0) <= 2 * MARGIN
            assert fuzz.core.buffered < 20 * 2 * MARGIN
            good_again(fuzz)
    good_again(fuzz)
