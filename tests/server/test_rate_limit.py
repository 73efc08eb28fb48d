"""How often an address may ask."""

import asyncio
import json
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from server.rest.rate_limit import RateLimitMiddleware
from tests.server.people import client, refusal
from tests.server.sockets import Start
from tests.server.test_cors import config


class RateLimitHarness:
    """An application behind a rate_limit whose time stands still."""

    def __init__(self, **options: Any) -> None:
        self.now = 1000.0
        self.served = 0
        self.middleware = RateLimitMiddleware(self._app, config(**options), lambda: self.now)

    async def _app(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.served += 1

    def ask(self, client: tuple[str, int] | None = ("a", 1), path: str = "/items/x") -> Any:
        """Return the refusal's words, or None if the application was asked."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "client": client}
        asyncio.run(self.middleware(scope, None, send))  # type: ignore[arg-type]
        return json.loads(sent[1]["body"])["errors"][0]["message"] if sent else None


def test_an_address_waits_until_its_window_is_over() -> None:
    harness = RateLimitHarness(rate_limiter_points=2, rate_limiter_duration=0.5)
    assert [harness.ask(), harness.ask()] == [None, None]
    assert harness.ask() == "Too many requests, retry after 500ms."
    assert harness.ask(("b", 1)) is None
    assert harness.ask(None) is None
    assert harness.ask(path="/index.html") is None
    harness.now += 0.5
    assert harness.ask() is None


def test_long_windows_are_told_in_minutes() -> None:
    harness = RateLimitHarness(rate_limiter_points=0, rate_limiter_duration=120)
    assert harness.ask() == "Too many requests, retry after 2m."


def test_addresses_are_forgotten_once_there_are_many() -> None:
    harness = RateLimitHarness(rate_limiter_points=1, rate_limiter_duration=1)
    for number in range(1001):
        harness.ask((str(number), 1))
    harness.now += 0.5
    harness.ask(("late", 1))
    harness.now += 0.6
    harness.ask(("last", 1))
    assert set(harness.middleware._limiters) == {"late", "last"}


def test_over_http(start: Start) -> None:
    page = Route("/", lambda _: PlainTextResponse("page"))
    server = start(
        rate_limiter_enabled=True,
        rate_limiter_points=1,
        rate_limiter_duration=60,
        pages=[page],
    )
    with client(server.address) as http:
        assert http.get("/server/ping").status_code == 200
        answer = http.get("/server/ping")
        assert refusal(answer)[:2] == (429, "REQUESTS_EXCEEDED")
        assert int(answer.headers["retry-after"]) in (59, 60)
        assert answer.json()["errors"][0]["extensions"]["limit"] == 1
        assert http.get("/").status_code == 200
