"""REST whose handling fails unexpectedly."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from server.rest.internal_errors import InternalErrorMiddleware
from tests.server.people import client
from tests.server.sockets import BEARER, Start

ORIGIN = {"Origin": "http://page.example"}
EXPECTED = {
    "errors": [
        {
            "message": "An unexpected error occurred.",
            "extensions": {"code": "INTERNAL_SERVER_ERROR"},
        }
    ]
}


def fail(*_: Any, **__: Any) -> Any:
    raise RuntimeError("a mistake of ours")


@pytest.mark.parametrize(
    ("broken", "method", "path"),
    [
        ("items.service.ItemsService.perform", "GET", "/items/messages"),
        ("items.service.ItemsService.perform", "POST", "/items/messages"),
        ("rest.context.read_query", "GET", "/items/messages"),
        ("rest.context.nested", "GET", "/items/messages/1"),
        ("auth.authentication.Authentication.identify", "GET", "/users/me"),
        ("rest.endpoints.describe", "GET", "/server/info"),
        ("rest.rate_limit.RateLimitMiddleware._limiter", "GET", "/server/ping"),
    ],
)
def test_a_request_that_fails_is_answered_with_cors_and_logged_once(
    start: Start,
    broken: str,
    method: str,
    path: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = start(cors_enabled=True, cors_origin=ORIGIN["Origin"], rate_limiter_enabled=True)
    with client(server.address) as http:
        with monkeypatch.context() as patch:
            patch.setattr(f"server.{broken}", fail)
            body: dict[str, object] | None = {} if method == "POST" else None
            answer = http.request(method, path, headers={**BEARER, **ORIGIN}, json=body)
        assert (answer.status_code, answer.json()) == (500, EXPECTED)
        assert answer.headers["access-control-allow-origin"] == ORIGIN["Origin"]
        assert http.get("/server/ping").text == "pong"
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_the_relay_answers_in_the_same_shape(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.relay._target", fail)
    with client(start(directus="http://127.0.0.1:9").address) as http:
        answer = http.get("/server/ping")
    assert (answer.status_code, answer.json()) == (500, EXPECTED)
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_a_response_that_has_begun_is_left_to_the_server() -> None:
    async def begin_and_fail(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        fail()

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    middleware = InternalErrorMiddleware(begin_and_fail)
    with pytest.raises(RuntimeError):
        asyncio.run(middleware({"type": "http"}, None, send))  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["http.response.start"]
