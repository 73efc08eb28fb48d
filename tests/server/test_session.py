"""Who a session is and whether it lives, on a clock that the test moves."""

from typing import Any

import pytest

from server.config import AuthMode
from server.items.request import Outcome
from server.limiter import FixedWindowLimiter
from server.websocket.effects import Authenticate, Close, Effect, Send, StartSubscription
from tests.server.session_harness import (
    ACCESS,
    AUTH,
    SUBSCRIBE,
    SessionHarness,
    error,
    silent,
    texts,
)

FAILED = Send(
    '{"type":"auth","status":"error",'
    '"error":{"code":"AUTH_FAILED","message":"Authentication handshake failed."}}'
)


def test_handshake() -> None:
    harness = SessionHarness("handshake")
    assert harness.session.accountability is ACCESS.public
    assert harness.authenticate({**AUTH, "uid": 7}) == [
        Send('{"type":"auth","status":"ok","uid":7}')
    ]
    assert harness.session.accountability is harness.accountability
    assert harness.session.deadline is None


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
    harness = SessionHarness("handshake")
    assert harness.say(first) == [FAILED, Close()]
    assert harness.session.deadline is None
    assert silent(harness.say(AUTH))


def test_a_handshake_with_a_wrong_token_echoes_no_uid() -> None:
    harness = SessionHarness("handshake")
    wrong = {"type": "auth", "access_token": "wrong", "uid": "a"}
    assert harness.authenticate(wrong) == [FAILED, Close()]


def test_a_handshake_that_does_not_come() -> None:
    harness = SessionHarness("handshake")
    assert harness.wait() == [FAILED, Close()]
    assert harness.now == 110.0
    assert harness.session.tick(harness.now) == []


def test_frames_before_the_ok_are_lost() -> None:
    harness = SessionHarness("handshake")
    (work,) = harness.say(AUTH)
    assert isinstance(work, Authenticate)
    assert silent(harness.say({"type": "ping"}))
    assert texts(harness.session.authenticated(work, harness.accountability, harness.now)) == [
        '{"type":"auth","status":"ok"}'
    ]


def test_an_answer_to_a_handshake_that_timed_out_is_dropped() -> None:
    harness = SessionHarness("handshake")
    (work,) = harness.say(AUTH)
    assert isinstance(work, Authenticate)
    assert harness.wait() == [FAILED, Close()]
    assert harness.session.authenticated(work, harness.accountability, harness.now) == []


@pytest.mark.parametrize(
    ("auth", "closes"), [("handshake", [Close()]), ("strict", [Close()]), ("public", [])]
)
def test_a_second_authentication_that_fails(auth: AuthMode, closes: list[Effect]) -> None:
    harness = SessionHarness(auth, let_in=True)
    failed = error("auth", "AUTH_FAILED", "Authentication failed.", uid="re")
    again = {"type": "auth", "access_token": "wrong", "uid": "re"}
    assert harness.authenticate(again) == [Send(failed), *closes]
    assert harness.session.accountability is ACCESS.public


def test_a_second_authentication_without_credentials_is_ignored() -> None:
    harness = SessionHarness("handshake", let_in=True)
    assert silent(harness.say({"type": "auth", "uid": "a"}))
    assert harness.session.accountability is harness.accountability


@pytest.mark.parametrize(
    ("auth", "closes"), [("handshake", [Close()]), ("strict", [Close()]), ("public", [])]
)
def test_a_token_that_expires(auth: AuthMode, closes: list[Effect]) -> None:
    harness = SessionHarness(auth, let_in=True)
    harness.authenticate(AUTH, expires=harness.now + 3)
    assert texts(harness.wait()) == [error("auth", "TOKEN_EXPIRED", "Token expired.")]
    assert (harness.now, harness.session.accountability) == (103.0, ACCESS.public)
    timed_out = error("auth", "AUTH_TIMEOUT", "Authentication timed out.")
    assert harness.wait() == [Send(timed_out), *closes]
    assert harness.now == 113.0


def test_a_new_token_in_time_resumes_and_a_malformed_one_stops_the_clock() -> None:
    harness = SessionHarness("handshake", let_in=True)
    harness.authenticate(AUTH, expires=harness.now + 3)
    harness.wait()
    assert harness.session.deadline == 113.0
    assert silent(harness.say({"type": "auth"}))
    assert harness.session.deadline is None
    harness.authenticate(AUTH)
    assert harness.session.accountability is harness.accountability


def test_the_heartbeat_keeps_one_clock_for_all() -> None:
    harness = SessionHarness(heartbeat=30.0)
    assert harness.session.deadline == 130.0
    assert harness.heartbeat.after(145.0) == 160.0
    harness.heartbeat.leave()
    harness.heartbeat.join(207.0)
    assert harness.heartbeat.after(207.0) == 237.0


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
    harness = SessionHarness(heartbeat=2.0, let_in=True)
    assert texts(harness.wait()) == ['{"type":"ping"}']
    if message is not None:
        harness.say(message)
    effects = harness.wait()
    assert harness.now == 104.0
    assert (effects == [Send('{"type":"ping"}')]) is lives
    assert (Close() in effects) is not lives


def test_no_heartbeat_before_the_handshake_and_none_when_it_is_off() -> None:
    assert SessionHarness("handshake", heartbeat=2.0).session.deadline == 110.0
    off = SessionHarness(let_in=True)
    assert off.session.deadline is None
    assert silent(off.say({"type": "ping"}))


def test_a_late_tick_gives_the_client_time_until_the_next_beat() -> None:
    harness = SessionHarness(heartbeat=2.0, let_in=True)
    assert texts(harness.session.tick(107.0)) == ['{"type":"ping"}']
    assert harness.session.deadline == 108.0


def test_collaboration_is_refused_and_closes() -> None:
    harness = SessionHarness(let_in=True)
    effects = harness.say({"type": "collab", "action": "join"})
    assert effects[1:] == [Close()]
    assert '"trigger":"join"' in texts(effects[:1])[0]
    assert silent(harness.say({"type": "ping"}))


def test_a_closed_session_forgets_its_subscriptions_and_answers_nothing() -> None:
    harness = SessionHarness(let_in=True)
    harness.say({**SUBSCRIBE, "event": "create"})
    (work,) = harness.say(SUBSCRIBE)
    assert isinstance(work, StartSubscription)
    init = '{"type":"subscription","event":"init","data":[]}'
    assert texts(harness.session.answer(work, Outcome([]))) == [init]
    harness.session.close()
    assert harness.session.answer(work, Outcome([])) == []
    assert harness.hub.empty


def test_a_refresh_token_is_told_after_the_uid() -> None:
    harness = SessionHarness("handshake")
    effects = harness.authenticate({**AUTH, "uid": 7}, refresh_token="again")
    assert texts(effects) == ['{"type":"auth","status":"ok","uid":7,"refresh_token":"again"}']


def test_a_token_of_the_upgrade_expires_too() -> None:
    harness = SessionHarness("strict", let_in=True, expires=101.0)
    assert harness.session.is_open
    assert texts(harness.wait()) == [error("auth", "TOKEN_EXPIRED", "Token expired.")]


def test_only_a_session_past_its_handshake_is_admitted() -> None:
    harness = SessionHarness("handshake")
    assert not harness.session.is_open
    harness.authenticate(AUTH)
    assert harness.session.is_open
    harness.session.close()
    assert not harness.session.is_open


def test_what_a_subscription_may_keep_is_bounded() -> None:
    harness = SessionHarness()
    query = {"filter": {"id": {"_in": list(range(20_000))}}}
    words = "Invalid payload. The message is longer than 65,536 characters."
    assert texts(harness.say({**SUBSCRIBE, "event": "create", "query": query, "uid": 7})) == [
        error("subscribe", "INVALID_PAYLOAD", words, uid="7")
    ]
    assert harness.hub.empty
    assert texts(harness.say({**SUBSCRIBE, "query": query})) == [
        error("subscribe", "INVALID_PAYLOAD", words)
    ]


def test_frames_over_the_limit_are_dropped_and_show_no_life() -> None:
    harness = SessionHarness(heartbeat=30.0, limiter=lambda: FixedWindowLimiter(2, 2.0))
    pong = ['{"type":"pong"}']
    assert [texts(harness.say({"type": "ping"})) for _ in range(2)] == [pong, pong]
    harness.now += 0.4567
    words = "Too many messages, retry after 1544ms."
    assert texts(harness.say("no JSON")) == [error("server", "REQUESTS_EXCEEDED", words)]
    harness.now += 1.6
    assert texts(harness.say({"type": "ping"})) == pong


def test_the_handshake_is_not_limited() -> None:
    harness = SessionHarness(
        "handshake", heartbeat=30.0, limiter=lambda: FixedWindowLimiter(1, 2.0)
    )
    harness.authenticate(AUTH)
    assert texts(harness.say({"type": "ping"})) == ['{"type":"pong"}']
    assert "REQUESTS_EXCEEDED" in texts(harness.say(AUTH))[0]
