"""Answers over HTTP: what of them is compared."""

import httpx
import pytest

from tests.contract.answers import answer_of, at_home, text_of, upgraded

ACCEPTED = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
REFUSED = "HTTP/1.1 401 Unauthorized\r\n\r\n"
MISSED = 'HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{"errors":[]}'


@pytest.mark.parametrize(
    ("recorded", "got"),
    [
        (ACCEPTED, ACCEPTED),
        (ACCEPTED, ACCEPTED.replace("Upgrade:", "upgrade:")),
        (ACCEPTED.split("\r\n")[0], ACCEPTED),
        (REFUSED, REFUSED),
        (MISSED, MISSED.replace("\r\n\r\n", "\r\nETag: x\r\n\r\n")),
    ],
)
def test_equal_answers_to_an_upgrade(recorded: str, got: str) -> None:
    assert upgraded(recorded, recorded) == upgraded(recorded, got)


@pytest.mark.parametrize(
    ("recorded", "got"),
    [
        (ACCEPTED, REFUSED),
        (ACCEPTED, ACCEPTED.replace("\r\n\r\n", "\r\nSec-WebSocket-Protocol: foo\r\n\r\n")),
        (ACCEPTED, ACCEPTED.replace("Upgrade: websocket\r\n", "")),
        (ACCEPTED.split("\r\n")[0], REFUSED),
        (REFUSED, REFUSED.replace("\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n")),
        (REFUSED, REFUSED.replace("Unauthorized", "unauthorized")),
        (MISSED, MISSED.replace("[]", "[1]")),
        (MISSED, MISSED.replace("/json", "/text")),
    ],
)
def test_other_answers_to_an_upgrade(recorded: str, got: str) -> None:
    assert upgraded(recorded, recorded) != upgraded(recorded, got)


def test_an_answer_has_what_was_recorded_of_it_and_cookies_in_any_case() -> None:
    headers = {"Content-Type": "application/json", "Retry-After": "2", "ETag": "x"}
    response = httpx.Response(429, headers=headers, content=b'{"a":1}')
    assert answer_of(response, {"status": 200, "body": "pong", "headers": {}}) == {
        "status": 429,
        "body": {"a": 1},
        "headers": {"Retry-After": "2"},
    }
    response = httpx.Response(204, headers={"Set-Cookie": "a=b"})
    assert answer_of(response, {"status": 204, "body": None}) == {
        "status": 204,
        "body": None,
        "set_cookie": "a=b",
    }


def test_what_is_sent() -> None:
    assert text_of({"text": '<3 times "x">', "é": [1, 1.5]}) == '{"text":"xxx","é":[1,1.5]}'
    assert text_of("not json") == "not json"
    assert (
        at_home("Origin: http://127.0.0.1:8065", "http://127.0.0.1:9")
        == "Origin: http://127.0.0.1:9"
    )
