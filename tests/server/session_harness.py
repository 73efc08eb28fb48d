"""A session, driven by hand on a clock that the test moves."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from server.auth.access import Access, Accountability
from server.config import AuthMode
from server.limiter import FixedWindowLimiter
from server.query.query import Limits
from server.realtime.hub import Hub
from server.websocket.effects import Authenticate, Effect, Note, Send
from server.websocket.handlers import Handlers
from server.websocket.heartbeat import Heartbeat
from server.websocket.session import Session, SessionConfig
from tests.server.guide import guide

TOKEN = "token"


ACCESS = Access(guide(TOKEN), {"poster@example.com": "user-1"})


AUTH = {"type": "auth", "access_token": TOKEN}


SUBSCRIBE = {"type": "subscribe", "collection": "messages"}


READ = {"type": "items", "collection": "messages", "action": "read"}


class SessionHarness:
    """A session and its driver: time is ``now``, and credentials are looked up at once."""

    def __init__(
        self,
        auth: AuthMode = "public",
        *,
        heartbeat: float | None = None,
        let_in: bool = False,
        expires: float | None = None,
        limiter: Callable[[], FixedWindowLimiter] | None = None,
    ) -> None:
        self.now = 100.0
        self.heartbeat = Heartbeat(heartbeat)
        self.heartbeat.join(self.now)
        self.hub = Hub()
        handlers = Handlers(
            guide(TOKEN),
            self.hub,
            Limits(),
            lambda: datetime(2026, 1, 2, tzinfo=UTC),
            heartbeat is not None,
        )
        config = SessionConfig(handlers, self.heartbeat, ACCESS.public, auth, 10.0, limiter)
        self.session = Session(config, self.accountability if let_in else None, self.now, expires)

    @property
    def accountability(self) -> Accountability:
        found = ACCESS.by_token(TOKEN)
        assert found is not None
        return found

    def say(self, message: Any) -> list[Effect]:
        text = message if isinstance(message, str) else json.dumps(message)
        return self.session.receive(text, self.now)

    def authenticate(self, message: dict[str, Any], **options: Any) -> list[Effect]:
        (work,) = self.say(message)
        assert isinstance(work, Authenticate)
        accountability = ACCESS.by_token(work.credentials.get("access_token", ""))
        return self.session.authenticated(work, accountability, self.now, **options)

    def wait(self) -> list[Effect]:
        """Let time pass until the deadline."""
        deadline = self.session.deadline
        assert deadline is not None, "nothing is due"
        assert deadline > self.now, "a deadline lies in the past"
        self.now = deadline
        return self.session.tick(self.now)


def texts(effects: list[Effect]) -> list[str]:
    assert all(isinstance(effect, Send) for effect in effects), effects
    return [effect.text for effect in effects if isinstance(effect, Send)]


def silent(effects: list[Effect]) -> bool:
    return bool(effects) and all(isinstance(effect, Note) for effect in effects)


def error(type_: str, code: str, message: str, **rest: Any) -> str:
    body = {"code": code, "message": message}
    return json.dumps(
        {"type": type_, "status": "error", "error": body, **rest}, separators=(",", ":")
    )
