"""Pages of other origins, over HTTP and at the socket."""

from typing import Any

import pytest

from server.config import Config
from server.cors import may_connect
from tests.server.people import client
from tests.server.sockets import Start

APP = "http://app.example"


def config(**options: Any) -> Config:
    return Config(database=None, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "origin", "expected"),
    [
        ({}, None, True),
        ({}, "http://host:8000", True),
        ({}, "https://host:8000", True),
        ({}, "http://host:8001", False),
        ({}, APP, False),
        ({"cors_origin": True}, APP, False),
        ({"cors_enabled": True}, APP, False),
        ({"cors_enabled": True, "cors_origin": True}, APP, True),
        ({"cors_enabled": True, "cors_origin": True}, "null", False),
        ({"cors_enabled": True, "cors_origin": True}, "http://[", False),
        ({"cors_enabled": True, "cors_origin": "*"}, APP, False),
        ({"cors_enabled": True, "cors_origin": APP}, APP, True),
        ({"cors_enabled": True, "cors_origin": APP}, "http://app.exampl", False),
        ({"cors_enabled": True, "cors_origin": ("http://a", APP)}, APP, True),
        ({"cors_enabled": True, "cors_origin": ("http://a",)}, APP, False),
        ({"public_url": "http://app.example:80/directus"}, APP, True),
        ({"public_url": "http://app.example:99999"}, APP, True),
        ({"public_url": "https://app.example"}, APP, False),
    ],
)
def test_who_may_open_a_socket(options: dict[str, Any], origin: str | None, expected: bool) -> None:
    assert may_connect(config(**options), origin, "host:8000") is expected


@pytest.mark.parametrize(
    ("allowed", "origin", "expected"),
    [
        (True, APP, APP),
        (True, None, None),
        ("*", APP, "*"),
        (APP, "http://other", APP),
        ((APP, "http://b"), APP, APP),
        ((APP, "http://b"), "http://other", None),
    ],
)
def test_what_a_page_is_told(
    start: Start, allowed: Any, origin: str | None, expected: str | None
) -> None:
    headers = {"Origin": origin} if origin else {}
    with client(start(cors_enabled=True, cors_origin=allowed).address) as http:
        for answer in (
            http.get("/server/ping", headers=headers),
            http.get("/items/messages", headers=headers),
            http.options("/items/messages", headers=headers),
        ):
            assert answer.headers.get("access-control-allow-origin") == expected
            assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "Content-Type,Authorization"


def test_nothing_is_told_unless_it_is_switched_on(start: Start) -> None:
    for options in ({}, {"cors_enabled": True}, {"cors_origin": True}):
        server = start(**options)
        with client(server.address) as http:
            answer = http.get("/server/ping", headers={"Origin": APP})
            assert "access-control-allow-origin" not in answer.headers
        server.stop()
