"""A session, driven by hand on a clock that the test moves."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from server.access import Access, Rights
from server.config import AuthMode
from server.effects import Authenticate, Effect, Note, Send
from server.handlers import Handlers
from server.hub import Hub
from server.limits import Window
from server.project_file import guide
from server.pulse import Pulse
from server.query import Limits
from server.session import Rules, Session

TOKEN = "token"


ACCESS = Access(guide(TOKEN), {"poster@example.com": "user-1"})


AUTH = {"type": "auth", "access_token": TOKEN}


SUBSCRIBE = {"type": "subscribe", "collection": "messages"}


READ = {"type": "items", "collection": "messages", "action": "read"}


class Talk:
    """A session and its driver: time is ``now``, and credentials are looked up at once."""

    def __init__(
        self,
        auth: AuthMode = "public",
        *,
        heartbeat: float | None = None,
        let_in: bool = False,
        expires: float | None = None,
        window: Callable[[], Window] | None = None,
    ) -> None:
        self.now = 100.0
        self.pulse = Pulse(heartbeat)
        self.pulse.join(self.now)
        self.hub = Hub()
        handlers = Handlers(
            guide(TOKEN),
            self.hub,
            Limits(),
            lambda: datetime(2026, 1, 2, tzinfo=UTC),
            heartbeat is not None,
        )
        rules = Rules(handlers, self.pulse, ACCESS.public, auth, 10.0, window)
        self.session = Session(rules, self.rights if let_in else None, self.now, expires)

    @property
    def rights(self) -> Rights:
        found = ACCESS.rights(TOKEN)
        assert found is not None
        return found

    def say(self, message: Any) -> list[Effect]:
        text = message if isinstance(message, str) else json.dumps(message)
        return self.session.receive(text, self.now)

    def authenticate(self, message: dict[str, Any], **options: Any) -> list[Effect]:
        (work,) = self.say(message)
        assert isinstance(work, Authenticate)
        rights = ACCESS.rights(work.credentials.get("access_token", ""))
        return self.session.authenticated(work, rights, self.now, **options)

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
