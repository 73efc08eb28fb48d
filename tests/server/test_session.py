"""Who a session is and whether it lives, on a clock that the test moves."""

from typing import Any

import pytest

from server.config import AuthMode
from server.effects import Authenticate, Close, Effect, Send, Snapshot
from server.limits import Window
from server.request import Outcome
from tests.server.talk import ACCESS, AUTH, SUBSCRIBE, Talk, error, silent, texts

FAILED = Send(
    '{"type":"auth","status":"error",'
    '"error":{"code":"AUTH_FAILED","message":"Authentication handshake failed."}}'
)


def test_handshake() -> None:
    talk = Talk("handshake")
    assert talk.session.rights is ACCESS.public
    assert talk.authenticate({**AUTH, "uid": 7}) == [Send('{"type":"auth","status":"ok","uid":7}')]
    assert talk.session.rights is talk.rights
    assert talk.session.deadline is None


@pytest.mark.parametrize(
    "first",
    [
        pytest.param("hello", id="not JSON"),
        pytest.param([AUTH], id="a list"),
        pytest.param({"type": "ping"}, id="another type"),
        pytest.param({"type": "auth"}, id="no credentials"),
        pytest.param({"type": "auth", "access_token": 5}, id="a token that is no text"),
        pytest.param({"type": "auth", "email": "nope", "password": "x"}, id="no e-mail address"),
    ],
)
def test_a_handshake_that_fails_at_its_first_frame(first: Any) -> None:
    talk = Talk("handshake")
    assert talk.say(first) == [FAILED, Close()]
    assert talk.session.deadline is None
    assert silent(talk.say(AUTH))


def test_a_handshake_with_a_wrong_token_echoes_no_uid() -> None:
    talk = Talk("handshake")
    wrong = {"type": "auth", "access_token": "wrong", "uid": "a"}
    assert talk.authenticate(wrong) == [FAILED, Close()]


def test_a_handshake_that_does_not_come() -> None:
    talk = Talk("handshake")
    assert talk.wait() == [FAILED, Close()]
    assert talk.now == 110.0
    assert talk.session.tick(talk.now) == []


def test_frames_before_the_ok_are_lost() -> None:
    talk = Talk("handshake")
    (work,) = talk.say(AUTH)
    assert isinstance(work, Authenticate)
    assert silent(talk.say({"type": "ping"}))
    assert texts(talk.session.authenticated(work, talk.rights, talk.now)) == [
        '{"type":"auth","status":"ok"}'
    ]


def test_an_answer_to_a_handshake_that_timed_out_is_dropped() -> None:
    talk = Talk("handshake")
    (work,) = talk.say(AUTH)
    assert isinstance(work, Authenticate)
    assert talk.wait() == [FAILED, Close()]
    assert talk.session.authenticated(work, talk.rights, talk.now) == []


@pytest.mark.parametrize(
    ("auth", "closes"), [("handshake", [Close()]), ("strict", [Close()]), ("public", [])]
)
def test_a_second_authentication_that_fails(auth: AuthMode, closes: list[Effect]) -> None:
    talk = Talk(auth, let_in=True)
    failed = error("auth", "AUTH_FAILED", "Authentication failed.", uid="re")
    again = {"type": "auth", "access_token": "wrong", "uid": "re"}
    assert talk.authenticate(again) == [Send(failed), *closes]
    assert talk.session.rights is ACCESS.public


def test_a_second_authentication_without_credentials_is_ignored() -> None:
    talk = Talk("handshake", let_in=True)
    assert silent(talk.say({"type": "auth", "uid": "a"}))
    assert talk.session.rights is talk.rights


@pytest.mark.parametrize(
    ("auth", "closes"), [("handshake", [Close()]), ("strict", [Close()]), ("public", [])]
)
def test_a_token_that_expires(auth: AuthMode, closes: list[Effect]) -> None:
    talk = Talk(auth, let_in=True)
    talk.authenticate(AUTH, expires=talk.now + 3)
    assert texts(talk.wait()) == [error("auth", "TOKEN_EXPIRED", "Token expired.")]
    assert (talk.now, talk.session.rights) == (103.0, ACCESS.public)
    timed_out = error("auth", "AUTH_TIMEOUT", "Authentication timed out.")
    assert talk.wait() == [Send(timed_out), *closes]
    assert talk.now == 113.0


def test_a_new_token_in_time_resumes_and_a_malformed_one_stops_the_clock() -> None:
    talk = Talk("handshake", let_in=True)
    talk.authenticate(AUTH, expires=talk.now + 3)
    talk.wait()
    assert talk.session.deadline == 113.0
    assert silent(talk.say({"type": "auth"}))
    assert talk.session.deadline is None
    talk.authenticate(AUTH)
    assert talk.session.rights is talk.rights


def test_the_heartbeat_keeps_one_clock_for_all() -> None:
    talk = Talk(heartbeat=30.0)
    assert talk.session.deadline == 130.0
    assert talk.pulse.after(145.0) == 160.0
    talk.pulse.leave()
    talk.pulse.join(207.0)
    assert talk.pulse.after(207.0) == 237.0


@pytest.mark.parametrize(
    ("message", "lives"),
    [
        pytest.param({"type": "pong"}, True, id="pong"),
        pytest.param({"type": "bogus"}, True, id="any type"),
        pytest.param({"type": "ping"}, True, id="ping"),
        pytest.param("nonsense", False, id="not JSON"),
        pytest.param([], False, id="no object"),
        pytest.param(AUTH, False, id="auth"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_what_answers_a_ping(message: Any, lives: bool) -> None:
    talk = Talk(heartbeat=2.0, let_in=True)
    assert texts(talk.wait()) == ['{"type":"ping"}']
    if message is not None:
        talk.say(message)
    effects = talk.wait()
    assert talk.now == 104.0
    assert (effects == [Send('{"type":"ping"}')]) is lives
    assert (Close() in effects) is not lives


def test_no_heartbeat_before_the_handshake_and_none_when_it_is_off() -> None:
    assert Talk("handshake", heartbeat=2.0).session.deadline == 110.0
    off = Talk(let_in=True)
    assert off.session.deadline is None
    assert silent(off.say({"type": "ping"}))


def test_a_late_tick_gives_the_client_time_until_the_next_beat() -> None:
    talk = Talk(heartbeat=2.0, let_in=True)
    assert texts(talk.session.tick(107.0)) == ['{"type":"ping"}']
    assert talk.session.deadline == 108.0


def test_collaboration_is_refused_and_closes() -> None:
    talk = Talk(let_in=True)
    effects = talk.say({"type": "collab", "action": "join"})
    assert effects[1:] == [Close()]
    assert '"trigger":"join"' in texts(effects[:1])[0]
    assert silent(talk.say({"type": "ping"}))


def test_a_closed_session_forgets_its_subscriptions_and_answers_nothing() -> None:
    talk = Talk(let_in=True)
    talk.say({**SUBSCRIBE, "event": "create"})
    (work,) = talk.say(SUBSCRIBE)
    assert isinstance(work, Snapshot)
    init = '{"type":"subscription","event":"init","data":[]}'
    assert texts(talk.session.answer(work, Outcome([]))) == [init]
    talk.session.close()
    assert talk.session.answer(work, Outcome([])) == []
    assert talk.hub.empty


def test_a_refresh_token_is_told_after_the_uid() -> None:
    talk = Talk("handshake")
    effects = talk.authenticate({**AUTH, "uid": 7}, refresh_token="again")
    assert texts(effects) == ['{"type":"auth","status":"ok","uid":7,"refresh_token":"again"}']


def test_a_token_of_the_upgrade_expires_too() -> None:
    talk = Talk("strict", let_in=True, expires=101.0)
    assert talk.session.admitted
    assert texts(talk.wait()) == [error("auth", "TOKEN_EXPIRED", "Token expired.")]


def test_only_a_session_past_its_handshake_is_admitted() -> None:
    talk = Talk("handshake")
    assert not talk.session.admitted
    talk.authenticate(AUTH)
    assert talk.session.admitted
    talk.session.close()
    assert not talk.session.admitted


def test_frames_over_the_limit_are_dropped_and_show_no_life() -> None:
    talk = Talk(heartbeat=30.0, window=lambda: Window(2, 2.0))
    pong = ['{"type":"pong"}']
    assert [texts(talk.say({"type": "ping"})) for _ in range(2)] == [pong, pong]
    talk.now += 0.4567
    words = "Too many messages, retry after 1544ms."
    assert texts(talk.say("no JSON")) == [error("server", "REQUESTS_EXCEEDED", words)]
    talk.now += 1.6
    assert texts(talk.say({"type": "ping"})) == pong


def test_the_handshake_is_not_limited() -> None:
    talk = Talk("handshake", heartbeat=30.0, window=lambda: Window(1, 2.0))
    talk.authenticate(AUTH)
    assert texts(talk.say({"type": "ping"})) == ['{"type":"pong"}']
    assert "REQUESTS_EXCEEDED" in texts(talk.say(AUTH))[0]
