"""Why there is no connection: every cause has its sentence and its cure."""

import asyncio
import json
from typing import Any

import pytest
from directus_realtime.diagnosis import diagnose
from directus_realtime.errors import AuthenticationFailed
from directus_realtime.transports.base import Answer

URL = "http://directus.test"
PONG = Answer(200, "pong")


def info(**data: Any) -> Answer:
    return Answer(200, json.dumps({"data": {"project": {}, **data}}))


NO_ROUTE = json.dumps({"errors": [{"message": "Route /x/server/ping doesn't exist."}]})
ENABLED = info(websocket={"rest": {"authentication": "handshake", "path": "/websocket"}})


def diagnosed(ping: Answer | OSError, answer: Answer | OSError = ENABLED, **options: Any) -> Any:
    """Diagnose a failure where Directus' two addresses answer so."""

    async def fetch(url: str, token: str | None) -> Answer:
        given = {f"{URL}/server/ping": ping, f"{URL}/server/info": answer}[url]
        if isinstance(given, OSError):
            raise given
        return given

    settings = {"auth_mode": "handshake", "token": "t", **options}
    return asyncio.run(diagnose(settings.pop("url", URL), **settings, fetch=fetch))


@pytest.mark.parametrize(
    ("ping", "answer", "cures"),
    [
        pytest.param(OSError(), ENABLED, ["Nothing answers", "address"], id="server down"),
        pytest.param(PONG, OSError(), ["Nothing answers"], id="server went down"),
        pytest.param(Answer(0, ""), ENABLED, ["CORS_ENABLED=true", "CORS_ORIGIN"], id="origin"),
        pytest.param(Answer(404, "<html>"), ENABLED, ["is not Directus", "404"], id="wrong url"),
        pytest.param(Answer(404, NO_ROUTE), ENABLED, ["/server/ping", "path"], id="wrong path"),
        pytest.param(PONG, info(), ["WEBSOCKETS_ENABLED=true"], id="realtime not enabled"),
        pytest.param(
            PONG,
            info(websocket={"rest": {"authentication": "strict"}}),
            ['auth mode "strict"', "WEBSOCKETS_REST_AUTH"],
            id="another mode",
        ),
        pytest.param(PONG, ENABLED, ["CORS_ORIGIN", "CONN_LIMIT"], id="refused all the same"),
        pytest.param(PONG, Answer(200, "[]"), ["WEBSOCKETS_ENABLED"], id="odd info"),
        pytest.param(
            Answer(502, '{"errors":[{"message":"The relay cannot reach it."}]}'),
            ENABLED,
            ["The relay cannot reach it."],
            id="a relay's own words",
        ),
    ],
)
def test_each_cause_names_its_cure(ping: Any, answer: Any, cures: list[str]) -> None:
    sentence = str(diagnosed(ping, answer))
    for cure in cures:
        assert cure in sentence


def test_a_refused_token_is_an_error_of_its_own() -> None:
    refused = json.dumps({"errors": [{"message": "Invalid user credentials."}]})
    assert isinstance(diagnosed(PONG, Answer(401, refused)), AuthenticationFailed)


def test_a_proxy_that_asks_for_a_sign_in_is_not_taken_for_a_refused_token() -> None:
    error = diagnosed(PONG, Answer(401, "<html>Authorization Required</html>"))
    assert not isinstance(error, AuthenticationFailed)
    assert "asks for a sign-in of its own" in str(error)


def test_without_a_token_directus_does_not_say_whether_realtime_is_enabled() -> None:
    assert "see that WEBSOCKETS_ENABLED is true" in str(diagnosed(PONG, info(), token=None))


def test_a_sockets_address_is_asked_over_http() -> None:
    assert "refuses the connection" in str(diagnosed(PONG, url="ws://directus.test"))
