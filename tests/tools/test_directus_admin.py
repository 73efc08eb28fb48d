"""Requests to a Directus, and what is said of each that fails."""

import pytest
from starlette.responses import PlainTextResponse, Response

from tests.support.embedded import free_port
from tests.tools.standin import StandIn, data, refusal
from tools import directus_admin as module
from tools.directus_admin import DirectusAdmin, Refused
from tools.steps import SetupError

ME = ("GET", "/users/me")
LOGIN = ("POST", "/auth/login")


def test_data_is_taken_out_of_its_wrapping(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = {ME: data({"id": 1}), LOGIN: data({"access_token": "t"})}
    admin.ping()
    admin.log_in("a@example.com", "secret")
    assert admin.get("/users/me") == {"id": 1}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param(
            refusal(401, "INVALID_CREDENTIALS"), "does not know this token: make one", id="token"
        ),
        pytest.param(
            refusal(401, "TOKEN_EXPIRED"), "does not know this token: make one", id="expired"
        ),
        pytest.param(
            refusal(403, "RESOURCE_RESTRICTED"),
            "the licence of .* does not allow this: stay within its plan",
            id="licence",
        ),
        pytest.param(
            refusal(429, "REQUESTS_EXCEEDED"), "has had too many requests: wait", id="too many"
        ),
        pytest.param(
            refusal(403, "FORBIDDEN", "Not yours."),
            r"refuses this with FORBIDDEN \(GET /users/me: Not yours.\)",
            id="other",
        ),
    ],
)
def test_a_refusal_is_one_sentence_with_its_code(
    stand_in: StandIn, admin: DirectusAdmin, answer: Response, sentence: str
) -> None:
    stand_in.answers = {ME: answer}
    with pytest.raises(Refused, match=sentence) as refused:
        admin.get("/users/me")
    assert refused.value.code in bytes(answer.body).decode()


@pytest.mark.parametrize("answer", ["<html>", "[]", "{}", '{"errors": []}', "null"])
def test_what_is_no_answer_of_a_directus(
    stand_in: StandIn, admin: DirectusAdmin, answer: str
) -> None:
    stand_in.answers = {ME: PlainTextResponse(answer)}
    with pytest.raises(SetupError, match="not as a Directus does: give the address"):
        admin.get("/users/me")


def test_what_is_no_directus(stand_in: StandIn, admin: DirectusAdmin) -> None:
    stand_in.answers = {("GET", "/server/ping"): PlainTextResponse("Hello", 200)}
    with pytest.raises(SetupError, match=r"is not the address of a Directus: .* its /admin"):
        admin.ping()


def test_nobody_there() -> None:
    with (
        DirectusAdmin(f"http://127.0.0.1:{free_port()}") as admin,
        pytest.raises(SetupError, match=r"does not answer \(.*refused.*\): see that the address"),
    ):
        admin.ping()


def test_no_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import listening

    monkeypatch.setattr(module, "_TIMEOUT", 0.1)
    with listening.listen("127.0.0.1", 0) as silent:
        url = listening.url_of(silent).rstrip("/")
        with DirectusAdmin(url) as admin, pytest.raises(SetupError, match="no answer within"):
            admin.ping()


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("INVALID_CREDENTIALS", "a@example.com is not let in with this password"),
        ("INVALID_PAYLOAD", "a@example.com is not let in with this password"),
        ("INVALID_OTP", "has a second factor, so give a static token in DIRECTUS_ADMIN_TOKEN"),
        ("REQUESTS_EXCEEDED", "too many requests"),
    ],
)
def test_a_login_that_fails(
    stand_in: StandIn, admin: DirectusAdmin, code: str, sentence: str
) -> None:
    stand_in.answers = {LOGIN: refusal(401, code)}
    with pytest.raises(SetupError, match=sentence):
        admin.log_in("a@example.com", "secret")
