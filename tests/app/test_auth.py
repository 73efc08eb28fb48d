"""Tokens that end, on simulated time: ahead of time, too late, refused."""

from typing import Any

import pytest
from directus_realtime.core.auth import Credentials, refresh_after
from directus_realtime.core.catch_up import GRACE
from directus_realtime.core.events import (
    Authenticated,
    CredentialsNeeded,
    MessageReceived,
    Opened,
    Replied,
    RequestFailed,
    StateChanged,
    Warned,
)
from directus_realtime.core.subscription import SubscriptionProtocol
from directus_realtime.errors import AuthenticationFailed, NotConnected, ServerError

from tests.support.timeline import AUTH_OK, Timeline, drain, error

QUERY = {"fields": ["user", "text"]}
EXPIRED = error("auth", "TOKEN_EXPIRED", "Token expired.")
FIRST = Credentials({"access_token": "first"}, refresh_in=60.0, refreshable=True)
SECOND = Credentials({"access_token": "second"}, refresh_in=60.0, refreshable=True)
SENT = {"access_token": "second", "type": "auth"}


def init(uid: str = "1") -> dict[str, Any]:
    return {"type": "subscription", "event": "init", "uid": uid}


def row(key: int) -> dict[str, Any]:
    return {"user": "Ben", "text": f"text {key}", "id": key}


def created(*keys: int) -> dict[str, Any]:
    rows = [row(key) for key in keys]
    return {"type": "subscription", "event": "create", "data": rows, "uid": "1"}


def forbidden(kind: str, uid: str) -> dict[str, Any]:
    return error(kind, "FORBIDDEN", "You don't have permission.", uid=uid)


def signed_in(first: Credentials = FIRST, **options: Any) -> Timeline:
    """A client that is connected with a token that will end."""
    line = Timeline(ping_after=None, **options)
    line.connect()
    handshake(line, first)
    line.say(AUTH_OK)
    line.take()
    return line


def handshake(line: Timeline, credentials: Credentials) -> None:
    line.core.prepared(line.number, credentials)
    line.open(credentials.fields)


def renew(line: Timeline, credentials: Credentials = SECOND) -> None:
    """Be the driver, who has got others."""
    line.core.refresh(line.number, credentials)
    line.step()


def live(line: Timeline, *rows: dict[str, Any]) -> SubscriptionProtocol:
    """A recovering subscription that has caught up with some rows."""
    subscription = line.subscribe(query=QUERY, recover="id", since=None)
    line.say(init())
    answer(line, list(rows), line.take()[-1])
    line.advance(GRACE)
    drain(subscription)
    return subscription


def answer(line: Timeline, rows: list[dict[str, Any]], request: dict[str, Any]) -> None:
    """Answer a read."""
    line.say({"type": "items", "data": rows, "uid": request["uid"]})


# Ahead of time


@pytest.mark.parametrize(
    ("life", "after"),
    [(900, 810), (120, 90), (60, 30), (40, 20), (2, 1), (30 * 86_400, 86_400)],
)
def test_a_token_is_renewed_30_seconds_or_a_tenth_of_its_life_ahead(life: int, after: int) -> None:
    assert refresh_after(life) == after


def test_a_token_is_renewed_ahead_of_time_on_the_open_connection() -> None:
    line = signed_in()
    line.advance(59.9)
    assert line.happened(CredentialsNeeded) == []
    line.advance(0.1)
    assert line.happened(CredentialsNeeded) == [CredentialsNeeded(1, {"access_token": "first"})]
    renew(line)
    uid = line.request()
    assert [message.get("uid") for message in line.take()] == [None, uid]
    line.say(AUTH_OK)
    assert line.states() == ["connecting", "authenticating", "open"]
    line.advance(60)
    assert line.happened(CredentialsNeeded)[-1].used == {"access_token": "second"}


def test_a_renewal_that_nobody_answers_is_tried_again_in_5_to_10_seconds() -> None:
    line = signed_in()
    line.advance(60)
    line.core.refresh_failed(line.number, line.now)
    line.advance(9.9)  # random is 1 here
    assert len(line.happened(CredentialsNeeded)) == 1
    line.advance(0.1)
    assert len(line.happened(CredentialsNeeded)) == 2


def test_static_tokens_never_expire() -> None:
    line = Timeline(ping_after=None)
    line.connect()
    handshake(line, Credentials({"access_token": "static"}))
    line.say(AUTH_OK)
    assert line.core.deadline() is None


def test_what_was_got_for_an_earlier_connection_is_not_sent() -> None:
    line = signed_in()
    line.advance(60)
    old = line.number
    line.cut()
    line.retry()
    line.core.refresh(old, SECOND)
    line.core.refresh_failed(old, line.now)
    line.step()
    assert line.take() == []


# Too late


def test_an_expired_token_is_renewed_at_once_on_the_open_connection() -> None:
    line = signed_in()
    line.say(EXPIRED)
    assert line.states()[-1] == "reauthenticating"
    assert line.happened(CredentialsNeeded) == [CredentialsNeeded(1, {"access_token": "first"})]
    renew(line)
    assert line.take() == [SENT]
    line.say(AUTH_OK)
    assert line.states()[-1] == "open"
    assert len(line.opened_at) == 1
    assert len(line.happened(Opened)) == 1


def test_each_token_is_sent_once_however_often_its_end_is_told() -> None:
    line = signed_in()
    line.advance(60)
    line.say(EXPIRED, EXPIRED)  # while others are being got
    renew(line)
    line.say(EXPIRED)
    assert len(line.happened(CredentialsNeeded)) == 1
    assert line.take() == [SENT]
    line.say(AUTH_OK)
    assert line.take() == []
    assert line.states()[-1] == "open"


def test_a_token_that_ends_while_the_next_one_is_on_its_way_needs_no_third() -> None:
    line = signed_in()
    line.advance(60)
    renew(line)
    line.say(EXPIRED)
    assert len(line.happened(CredentialsNeeded)) == 1
    assert line.take() == [SENT]
    line.say(AUTH_OK)
    assert line.take() == []
    assert line.states()[-1] == "open"


def test_while_expired_nothing_of_the_programs_is_written_and_then_all_in_order() -> None:
    line = signed_in()
    line.say(EXPIRED)
    uids = [line.request(), line.request("read"), line.request()]
    line.core.send({"type": "items", "uid": "mine"}, line.now)
    line.step()
    assert line.take() == []
    renew(line)
    assert line.take() == [SENT]
    line.say(AUTH_OK)
    assert [message["uid"] for message in line.take()] == [*uids, "mine"]


def test_a_ping_of_directus_is_answered_while_expired() -> None:
    line = signed_in()
    line.say(EXPIRED, {"type": "ping"})
    assert line.take() == [{"type": "pong"}]


def test_a_connection_that_gets_no_token_in_time_is_given_up_for_a_new_one() -> None:
    line = signed_in()
    line.say(EXPIRED)
    line.core.refresh_failed(line.number, line.now)
    line.advance(10)
    assert line.states()[-1] == "waiting"
    line.retry()
    handshake(line, SECOND)
    line.say(AUTH_OK)
    assert line.states()[-1] == "open"
    assert line.take() == [SENT]


@pytest.mark.parametrize(
    ("is_sent", "words"),
    [(True, "did not answer the token within 10 s"), (False, "there was no new one within 10 s")],
)
def test_a_token_that_was_never_sent_is_not_called_unanswered(is_sent: bool, words: str) -> None:
    line = signed_in()
    line.say(EXPIRED)
    if is_sent:
        line.core.refresh(line.number, SECOND)
    line.advance(10)
    (lost,) = [each for each in line.happened(StateChanged) if each.state == "waiting"]
    assert words in str(lost.error)


def test_the_end_of_a_token_that_the_program_sent_itself_is_its_own_matter() -> None:
    line = Timeline()
    line.connect()
    line.open()
    line.core.send({"type": "auth", "access_token": "t", "uid": "mine"}, line.now)
    line.say({**AUTH_OK, "uid": "mine"}, EXPIRED)
    assert line.states()[-1] == "open"
    assert line.happened(MessageReceived)[-1].message == {**AUTH_OK, "uid": "mine"}
    line.say(AUTH_OK)
    assert line.happened(MessageReceived)[-1].message == AUTH_OK


def test_a_read_that_was_refused_for_it_is_sent_again() -> None:
    line = signed_in()
    before, after = line.request("read"), line.request("read")
    line.take()
    line.say(EXPIRED, forbidden("items", before))
    assert line.happened(RequestFailed) == []
    renew(line)
    line.say(AUTH_OK)
    assert [message.get("uid") for message in line.take()] == [None, before]
    line.say(forbidden("items", after))  # the server was slow
    assert [message["uid"] for message in line.take()] == [after]
    line.say({"type": "items", "data": [], "uid": before})
    assert [reply.uid for reply in line.happened(Replied)] == [before]
    line.say(forbidden("items", after))  # the second time it is meant
    assert line.happened(RequestFailed)[-1].error.code == "FORBIDDEN"


def test_a_write_that_was_refused_for_it_is_not_sent_again_and_says_so() -> None:
    line = signed_in()
    uid = line.request("create")
    line.take()
    line.say(EXPIRED, forbidden("items", uid))
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, ServerError)
    assert failed.error.code == "TOKEN_EXPIRED"
    renew(line)
    line.say(AUTH_OK)
    assert line.take() == [SENT]


# Subscriptions meanwhile


def test_errors_of_events_meanwhile_are_raised_in_no_consumer() -> None:
    line = signed_in()
    subscription = line.subscribe(query=QUERY)
    line.say(init(), EXPIRED, forbidden("subscribe", "1"))
    renew(line)
    line.say(AUTH_OK, forbidden("subscribe", "1"))  # one that was under way already
    assert drain(subscription) == [init()]
    line.say(init())  # it was subscribed again
    assert line.happened(Warned) == []
    line.advance(10)
    line.say(forbidden("subscribe", "1"))
    assert drain(subscription) == [init()]
    assert len(line.happened(Warned)) == 1


def test_what_was_created_meanwhile_is_caught_up_with() -> None:
    line = signed_in()
    subscription = live(line, row(2))
    line.say(EXPIRED, forbidden("subscribe", "1"))
    renew(line)
    line.say(AUTH_OK)
    auth, page = line.take()
    assert auth == SENT
    # From the margin on, as ever.
    assert page["query"]["filter"] == {"_or": [{"id": {"_gt": 0}}, {"id": {"_nnull": True}}]}
    answer(line, [row(1), row(2)], page)
    (message,) = drain(subscription)
    assert message["recovered"]
    assert message.keys_of_data == (1,)


def test_rows_as_the_public_sees_them_are_not_taken_from_events() -> None:
    line = signed_in()
    subscription = live(line)
    line.say(EXPIRED, {**created(1), "data": [{"id": 1}]})
    renew(line)
    line.say(AUTH_OK)
    answer(line, [row(1)], line.take()[-1])
    assert [message["data"] for message in drain(subscription)] == [
        [{"user": "Ben", "text": "text 1"}]
    ]


@pytest.mark.parametrize("refused", [True, False], ids=["refused", "as the public sees it"])
def test_a_page_that_is_read_meanwhile_is_read_again_and_nothing_goes_plain(refused: bool) -> None:
    line = signed_in()
    subscription = line.subscribe(query=QUERY, recover="id", since=None)
    line.say(init())
    page = line.take()[-1]
    line.say(EXPIRED)
    line.say(forbidden("items", page["uid"])) if refused else answer(line, [], page)
    renew(line)
    line.say(AUTH_OK)
    again = line.take()[-1]
    assert again["query"] == page["query"]
    answer(line, [row(1)], again)
    line.advance(GRACE)
    assert [message.get("recovered") for message in drain(subscription)] == [None, True]
    assert line.happened(Warned) == []


def test_the_newest_keys_are_read_again_if_that_was_under_way() -> None:
    line = signed_in()
    subscription = line.subscribe(query=QUERY, recover="id")
    (mark,) = line.take()
    line.say(EXPIRED)
    answer(line, [], mark)  # the public sees nothing: that is no empty collection
    renew(line)
    line.say(AUTH_OK)
    again = line.take()[-1]
    assert again["query"] == mark["query"]
    answer(line, [row(1)], again)
    line.say(init())
    answer(line, [row(1), row(2)], line.take()[-1])
    line.advance(GRACE)
    assert [m.keys_of_data for m in drain(subscription) if m["event"] == "create"] == [(2,)]


@pytest.mark.parametrize("late", [False, True], ids=["before the token", "after it"])
@pytest.mark.parametrize("reply", [init(), forbidden("subscribe", "1")], ids=["init", "refused"])
def test_a_subscribe_that_was_under_way_is_sent_again(reply: dict[str, Any], late: bool) -> None:
    line = signed_in()
    subscription = line.subscribe(event=None)
    (subscribe,) = line.take()
    line.say(EXPIRED)
    if not late:
        line.say(reply)
    renew(line)
    line.say(AUTH_OK)
    if late:
        line.say(reply)
    assert line.take() == [SENT, subscribe]
    truth = {**init(), "data": [row(1)]}
    line.say(truth)
    assert drain(subscription) == [truth]


def test_one_made_meanwhile_waits_and_one_ended_meanwhile_is_ended_afterwards() -> None:
    line = signed_in()
    old = line.subscribe()
    line.say(init())
    line.take()
    line.say(EXPIRED)
    line.subscribe(uid="new")
    line.unsubscribe(old)
    assert line.take() == []
    renew(line)
    line.say(AUTH_OK)
    auth, unsubscribe, subscribe = line.take()
    assert auth == SENT
    assert unsubscribe == {"uid": "1", "type": "unsubscribe"}
    assert subscribe["uid"] == "new"


def test_a_plain_one_is_not_sent_again_since_directus_has_kept_it() -> None:
    line = signed_in()
    line.subscribe(event="update")
    line.say(init())
    line.take()
    line.say(EXPIRED)
    renew(line)
    line.say(AUTH_OK)
    assert line.take() == [SENT]


# Refused


def test_a_wrong_token_is_replaced_once() -> None:
    line = Timeline()
    line.connect()
    handshake(line, FIRST)
    line.say(error("auth", "AUTH_FAILED"))
    assert line.states() == ["connecting", "authenticating", "connecting"]
    assert line.refused == {"access_token": "first"}
    handshake(line, SECOND)
    line.say(AUTH_OK)
    assert line.states()[-1] == "open"


def test_a_wrong_token_that_was_replaced_by_a_wrong_one_ends_in_failed_with_the_reason() -> None:
    line = Timeline()
    line.connect()
    handshake(line, FIRST)
    line.say(error("auth", "AUTH_FAILED"))
    handshake(line, SECOND)
    line.say(error("auth", "AUTH_FAILED", "Authentication handshake failed."))
    assert line.states()[-1] == "failed"
    failure = line.happened(StateChanged)[-1].error
    assert isinstance(failure, AuthenticationFailed)
    assert "Authentication handshake failed (AUTH_FAILED)" in str(failure)
    line.advance(3600)
    assert len(line.opened_at) == 2


def test_one_refused_on_the_open_connection_is_replaced_on_a_new_one() -> None:
    line = signed_in()
    subscription = line.subscribe()
    line.say(init())
    line.take()
    line.advance(60)
    renew(line)
    line.say(error("auth", "AUTH_FAILED"))
    assert line.refused == {"access_token": "second"}
    handshake(line, FIRST)
    line.say(AUTH_OK)
    assert [message["type"] for message in line.take()] == ["auth", "auth", "subscribe"]
    assert drain(subscription) == [init()]


@pytest.mark.parametrize(
    ("fields", "cure"),
    [
        ({"access_token": "t"}, "Make a new static token"),
        ({"email": "a@b.c", "password": "p"}, "the e-mail address or the password"),
        ({"refresh_token": "r"}, "log in again"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_reason_names_the_cure(fields: dict[str, str], cure: str) -> None:
    line = Timeline()
    line.connect()
    handshake(line, Credentials(fields))
    line.say(error("auth", "AUTH_FAILED"))
    assert cure in str(line.happened(StateChanged)[-1].error)


# Secrets


def test_a_refresh_token_that_comes_is_for_the_driver_alone() -> None:
    line = signed_in()
    line.advance(60)
    renew(line)
    answer = {**AUTH_OK, "refresh_token": "secret"}
    line.say(answer)
    assert line.happened(Authenticated)[-1] == Authenticated(answer)
    assert line.happened(MessageReceived)[-1].message == AUTH_OK


def test_the_log_shows_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="directus")
    line = Timeline()
    line.connect()
    handshake(line, Credentials({"email": "ben@example.com", "password": 'se"cret1'}))
    line.say({**AUTH_OK, "refresh_token": "secret2"})
    line.core.send({"type": "auth", "access_token": "secret3"}, line.now)
    assert "secret" not in caplog.text
    assert '> {"email":"ben@example.com","password":"***","type":"auth"}' in caplog.text
    assert '< {"type": "auth", "status": "ok", "refresh_token": "***"}' in caplog.text
    assert "= open (ready)" in caplog.text


def test_a_new_attempt_is_told_what_not_to_use_until_others_are_there() -> None:
    line = Timeline()
    line.connect()
    handshake(line, FIRST)
    line.say(error("auth", "AUTH_FAILED"))
    line.cut()  # whoever gives tokens did not answer
    line.retry()
    assert line.refused == {"access_token": "first"}
    handshake(line, SECOND)
    line.cut()
    line.retry()
    assert line.refused is None


def test_a_uid_that_is_used_again_after_a_refresh_is_refused_at_once() -> None:
    line = signed_in()
    old = line.subscribe(uid="x")
    line.say(EXPIRED, init("x"))  # its subscribe is sent again when there is a token
    renew(line)
    line.say(AUTH_OK, init("x"))
    line.unsubscribe(old)
    line.say({**init("x"), "event": "unsubscribe"})
    new = line.subscribe(uid="x")
    line.say(forbidden("subscribe", "x"))
    (raised,) = drain(new)
    assert isinstance(raised, ServerError)
    assert new.ended


def test_one_that_is_left_while_expired_is_ended_when_there_is_a_token() -> None:
    line = signed_in()
    old = line.subscribe(uid="x")
    line.take()
    line.say(EXPIRED)
    line.unsubscribe(old)  # its init has not come
    new = line.subscribe(uid="x")
    line.say(init("x"))
    assert line.take() == []
    renew(line)
    line.say(AUTH_OK)
    assert line.take() == [SENT, {"uid": "x", "type": "unsubscribe"}]
    line.say({**init("x"), "event": "unsubscribe"})
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say(init("x"))
    assert drain(new) == [init("x")]


# The login ends


def ended_login(line: Timeline) -> AuthenticationFailed:
    """Let the driver report that the login has no other token to give."""
    ended = AuthenticationFailed("Directus refused the refresh token: log in again.")
    line.core.refuse(ended, line.now)
    line.step()
    return ended


def test_where_a_login_has_ended_a_new_one_goes_on_with_the_subscriptions() -> None:
    line = signed_in()
    subscription = live(line)
    line.say(EXPIRED)
    ended = ended_login(line)
    change = line.happened(StateChanged)[-1]
    assert (change.state, change.error) == ("needs sign-in", ended)
    assert drain(subscription) == []
    with pytest.raises(NotConnected):
        line.request()
    line.take()
    line.connect()
    handshake(line, SECOND)
    line.say(AUTH_OK)
    assert [message["type"] for message in line.take()] == ["auth", "subscribe"]


def test_a_login_that_was_never_accepted_ends_in_failed() -> None:
    line = Timeline()
    line.connect()
    line.core.prepared(line.number, FIRST)
    ended_login(line)
    assert line.states()[-1] == "failed"


def test_one_that_was_refused_is_asked_for_again_when_there_is_a_token() -> None:
    line = signed_in()
    line.subscribe()
    line.say(init())
    line.cut()
    line.retry()
    handshake(line, FIRST)
    line.say(AUTH_OK, forbidden("subscribe", "1"), EXPIRED)
    line.take()
    line.advance(1)
    assert line.take() == []
    renew(line)
    line.say(AUTH_OK)
    assert [message["type"] for message in line.take()] == ["auth", "subscribe"]


def test_a_subscribe_that_was_given_up_and_is_accepted_while_expired_is_ended_afterwards() -> None:
    line = signed_in()
    line.subscribe()
    line.advance(1)
    line.say({"type": "ping"})
    line.advance(10)
    line.say(EXPIRED)
    line.take()
    line.say(init())
    assert line.take() == []
    renew(line)
    line.say(AUTH_OK)
    assert line.take() == [SENT, {"uid": "1", "type": "unsubscribe"}]


@pytest.mark.parametrize("again", [False, True], ids=["left", "used again"])
def test_one_that_was_accepted_without_a_token_and_is_left_is_ended_afterwards(
    again: bool,
) -> None:
    line = signed_in()
    subscription = line.subscribe(uid="x")
    (subscribe,) = line.take()
    line.say(EXPIRED, init("x"))
    line.unsubscribe(subscription)
    assert subscription.ended
    if again:
        line.subscribe(uid="x")
    renew(line)
    line.say(AUTH_OK)
    then = subscribe if again else {"uid": "x", "type": "unsubscribe"}
    assert line.take() == [SENT, then]


def test_one_that_was_accepted_without_a_token_is_not_ended_on_another_connection() -> None:
    line = signed_in()
    subscription = line.subscribe()
    line.say(EXPIRED, init())
    line.unsubscribe(subscription)
    line.reconnect()
    line.say(EXPIRED)
    renew(line)
    line.say(AUTH_OK)
    assert [sent["type"] for sent in line.take()] == ["auth"]
