"""What is said of a Directus that the page will not work with; tests/directus has a real one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from server.background import EmbeddedServer
from server.config import AuthMode, Config
from tests.support.embedded import TOKEN
from tests.tools.standin import StandIn, data, refusal
from tools import preflight
from tools.directus_admin import DirectusAdmin
from tools.preflight import diagnose

REST = {"authentication": "handshake", "path": "/websocket"}
ORIGIN = "https://example.com"


@pytest.fixture
def ready(tmp_path: Path) -> Iterator[str]:
    """The address of our own server, which is as a Directus should be."""
    config = Config(database=tmp_path / "messages.db")
    with EmbeddedServer(config) as server:
        yield server.url


def tell(stand_in: StandIn, socket: Any = REST, create: str = "full") -> None:
    """Let the stand-in be a Directus, but for its socket: it has none."""
    websocket = {} if socket is None else {"websocket": {"rest": socket}}
    stand_in.answers = {
        ("GET", "/server/info"): data(websocket),
        ("GET", "/items/messages"): data([]),
        ("GET", "/permissions/me"): data({"messages": {"create": {"access": create}}}),
    }


def test_nothing_is_said_of_one_that_is_ready(ready: str) -> None:
    assert diagnose(ready, TOKEN, "handshake", None) is None
    assert diagnose(ready, TOKEN, "handshake", ready) is None


def test_an_origin_that_is_refused(ready: str) -> None:
    sentence = diagnose(ready, TOKEN, "handshake", ORIGIN)
    assert f"CORS_ENABLED=true and CORS_ORIGIN={ORIGIN}, or leave --direct out" in str(sentence)


def test_without_a_token_the_public_must_have_the_rights(ready: str) -> None:
    assert "messages is not there, or may not be read" in str(diagnose(ready, "", "public", None))


@pytest.mark.parametrize(
    ("socket", "mode", "sentence"),
    [
        pytest.param(None, "handshake", "start Directus with WEBSOCKETS_ENABLED=true", id="off"),
        pytest.param(False, "handshake", "WEBSOCKETS_REST_ENABLED=true", id="not for REST"),
        pytest.param(REST, "strict", "or start with --auth handshake", id="mode"),
        pytest.param(REST, "handshake", "refuses a connection with status 403", id="no upgrade"),
    ],
)
def test_a_socket_that_is_not_there(
    stand_in: StandIn, admin: DirectusAdmin, socket: Any, mode: AuthMode, sentence: str
) -> None:
    tell(stand_in, socket)
    assert sentence in str(diagnose(admin.url, "token", mode, None))


def test_messages_that_may_not_be_created(stand_in: StandIn, admin: DirectusAdmin) -> None:
    tell(stand_in, create="none")
    sentence = str(diagnose(admin.url, "token", "handshake", None))
    assert "may be read and not created" in sentence
    assert 'the policy "Public Posts" with read and create' in sentence


def test_a_token_that_is_not_known(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = {("GET", "/server/info"): refusal(401, "INVALID_CREDENTIALS")}
    assert "does not know this token" in str(diagnose(admin.url, "x", "handshake", None))


def test_an_upgrade_without_an_answer(ready: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_PATH", "/elsewhere")
    monkeypatch.setattr(preflight, "_TIMEOUT", 0.1)
    assert "WEBSOCKETS_REST_PATH=/websocket" in str(diagnose(ready, TOKEN, "handshake", None))
