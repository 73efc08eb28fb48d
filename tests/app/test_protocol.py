"""The core on simulated time: states, handshake, heartbeat, replies, backoff."""

import pytest
from directus_realtime.core.auth import Credentials
from directus_realtime.core.backoff import retry_delay
from directus_realtime.core.events import (
    Closed,
    Errored,
    MessageReceived,
    Opened,
    Replied,
    RequestFailed,
    StateChanged,
    Warned,
)
from directus_realtime.core.protocol import Protocol
from directus_realtime.core.states import TRANSITIONS, Cause, State
from directus_realtime.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DeliveryUnknown,
    NotConnected,
    NotSent,
    OutboxFull,
    ReplyTimeout,
    ServerError,
    UsageError,
)

from tests.support.timeline import AUTH_OK, Timeline, error

# The table


def test_every_state_stands_in_the_table_and_can_be_reached() -> None:
    assert set(TRANSITIONS) == set(State)
    reached = {state for causes in TRANSITIONS.values() for state in causes.values()}
    assert reached == set(State)


@pytest.mark.parametrize("state", list(State))
def test_only_a_closed_client_ignores_a_disconnect(state: State) -> None:
    assert (Cause.DISCONNECT in TRANSITIONS[state]) is (state is not State.CLOSED)


# Connecting


def test_the_token_is_sent_first_and_nothing_else_before_auth_ok() -> None:
    line = Timeline()
    line.connect()
    line.subscribe()
    line.core.send({"type": "items"}, line.now)
    line.open({"access_token": "secret"})
    assert line.take() == [{"access_token": "secret", "type": "auth"}]
    line.say(AUTH_OK)
    assert [message["type"] for message in line.take()] == ["subscribe", "items"]
    assert line.states() == ["connecting", "authenticating", "open"]


def test_without_credentials_the_open_socket_is_the_open_connection() -> None:
    line = Timeline()
    line.connect()
    line.open()
    assert line.states() == ["connecting", "open"]
    assert line.take() == []


def test_the_auth_message_is_seen_before_the_connection_counts_as_open() -> None:
    line = Timeline()
    line.online()
    kinds = [type(event) for event in line.events]
    assert kinds.index(MessageReceived) < kinds.index(Opened)


def test_connecting_twice_opens_one_socket() -> None:
    line = Timeline()
    line.connect()
    line.connect()
    line.accept()
    line.connect()
    assert len(line.opened_at) == 1


def test_a_refused_token_is_final() -> None:
    line = Timeline()
    line.connect()
    line.open({"access_token": "wrong"})
    line.say(error("auth", "AUTH_FAILED", "Authentication handshake failed."))
    assert line.states()[-1] == "failed"
    failure = line.happened(StateChanged)[-1].error
    assert isinstance(failure, AuthenticationFailed)
    assert "make a new static token" in str(failure).lower()
    assert line.happened(Closed) == [Closed(1005, "")]
    line.advance(3600)
    assert len(line.opened_at) == 1


def test_an_error_of_authentication_is_not_shown_as_a_message() -> None:
    line = Timeline()
    line.online()
    shown = len(line.happened(MessageReceived))
    line.say(error("auth", "TOKEN_EXPIRED"), {"type": "ping"})
    assert len(line.happened(MessageReceived)) == shown


def test_a_failed_client_can_be_connected_again() -> None:
    line = Timeline()
    line.connect()
    line.open({"access_token": "wrong"})
    line.say(error("auth", "AUTH_FAILED"))
    line.take()
    line.online()
    assert line.states()[-1] == "open"


@pytest.mark.parametrize("opened", [False, True], ids=["no socket", "no answer to the token"])
def test_an_attempt_that_takes_too_long_is_given_up(opened: bool) -> None:
    line = Timeline(connect_timeout=10.0)
    line.connect()
    if opened:
        line.open({"access_token": "secret"})
    line.advance(10.0)
    assert line.states()[-1] == "waiting"
    assert line.closed_sockets() == [1]
    assert isinstance(line.happened(StateChanged)[-1].error, ConnectionFailed)


# Disconnecting


def test_disconnect_while_connecting_closes_the_socket_and_stays_closed() -> None:
    line = Timeline()
    line.connect()
    line.core.disconnect(line.now)
    line.step()
    line.open({"access_token": "secret"})
    line.advance(3600)
    assert line.states() == ["connecting", "closed"]
    assert line.take() == []


def test_disconnect_while_waiting_cancels_the_retry() -> None:
    line = Timeline()
    line.online()
    line.cut()
    line.core.disconnect(line.now)
    line.step()
    line.advance(3600)
    assert len(line.opened_at) == 1


def test_a_socket_that_was_given_up_is_not_listened_to() -> None:
    line = Timeline()
    line.online()
    old = line.number
    line.cut()
    line.advance(0.25)
    line.core.received(old, '{"type":"ping"}', line.now)
    line.core.errored(old, "late")
    line.core.closed(old, 1006, "", line.now)
    line.step()
    assert line.take() == []
    assert line.happened(Errored) == []
    assert line.states()[-1] == "connecting"


# Backoff


@pytest.mark.parametrize(
    ("attempt", "most"),
    [(0, 0.25), (1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 20.0), (10_000, 20.0)],
)
def test_a_retry_comes_at_random_within_its_bound(attempt: int, most: float) -> None:
    assert retry_delay(attempt, lambda: 0.0) == 0.0
    assert retry_delay(attempt, lambda: 0.5) == most / 2
    assert retry_delay(attempt, lambda: 1.0) == most


def test_retries_never_end_and_their_delays_double() -> None:
    line = Timeline()
    line.online()
    line.cut()
    delays = []
    for _ in range(12):
        delays.append(line.happened(StateChanged)[-1].retry_in)
        line.advance(delays[-1])
        line.cut()
    assert delays == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0, 20.0, 20.0, 20.0]


def delays(line: Timeline) -> list[float]:
    return [change.retry_in for change in line.happened(StateChanged) if change.retry_in]


def test_the_count_starts_over_when_the_connection_has_lived_and_not_when_it_opened() -> None:
    line = Timeline()
    line.connect()
    for _ in range(3):
        line.open({"access_token": "secret"})
        line.cut()
        line.retry()
    line.take()
    line.accept()
    line.cut()
    assert delays(line) == [0.25, 0.5, 1.0, 2.0]
    line.retry()
    line.take()
    line.accept()
    line.advance(5)
    line.cut()
    assert delays(line)[4:] == [0.25]


def test_the_count_goes_on_while_connections_live_shorter_than_the_wait_for_them() -> None:
    line = Timeline()
    line.connect()
    for _ in range(8):
        line.cut()
        line.retry()
    for life, delay in ((19.9, 20.0), (20.1, 0.25)):
        line.take()
        line.accept()
        line.advance(life)
        line.cut()
        assert delays(line)[-1] == delay
        line.retry()


def test_with_retries_set_it_gives_up_with_the_reason() -> None:
    line = Timeline(retries=2)
    line.connect()
    for _ in range(2):
        line.cut()
        line.retry()
    line.cut()
    assert line.states()[-2:] == ["connecting", "failed"]
    assert len(line.opened_at) == 3
    waiting = [change for change in line.happened(StateChanged) if change.state == "waiting"]
    assert [change.retry_in for change in waiting] == [0.25, 0.5]


# Heartbeat


def test_a_ping_is_answered() -> None:
    line = Timeline()
    line.online()
    line.say({"type": "ping"})
    assert line.take() == [{"type": "pong"}]


def test_silence_is_met_with_a_ping_and_then_with_a_new_connection() -> None:
    line = Timeline()
    line.online()
    line.advance(24.9)
    assert line.take() == []
    line.advance(0.1)
    (ping,) = line.take()
    assert ping["type"] == "ping"
    line.advance(4.9)
    assert line.states()[-1] == "open"
    line.advance(0.1)
    assert line.states()[-1] == "waiting"
    assert line.closed_sockets() == [1]


def test_any_frame_is_a_sign_of_life() -> None:
    line = Timeline()
    line.online()
    line.advance(25)
    line.take()
    line.say({"type": "subscription", "event": "create", "uid": "gone", "data": []})
    line.advance(24)
    assert line.states()[-1] == "open"
    assert line.take() == []


def test_our_ping_shows_nowhere_and_a_persons_own_does() -> None:
    line = Timeline()
    line.online()
    line.advance(25)
    (ping,) = line.take()
    shown = len(line.happened(MessageReceived))
    line.say({"type": "pong", "uid": ping["uid"]})
    assert len(line.happened(MessageReceived)) == shown
    line.say({"type": "pong", "uid": "mine"})
    assert len(line.happened(MessageReceived)) == shown + 1


def test_a_network_that_comes_back_is_tried_at_once() -> None:
    line = Timeline()
    line.online()
    for _ in range(6):
        line.cut()
        line.retry()
    line.cut()
    line.core.wake(line.now)
    line.step()
    assert line.opened_at[-1] == line.now


def test_somebody_who_looks_is_not_left_with_a_dead_connection() -> None:
    line = Timeline()
    line.online()
    line.core.wake(line.now)
    line.core.wake(line.now)
    line.step()
    assert [message["type"] for message in line.take()] == ["ping"]
    line.advance(3)
    assert line.states()[-1] == "waiting"


def test_offline_drops_the_socket_without_waiting_for_it() -> None:
    line = Timeline()
    line.online()
    line.core.offline(line.now)
    line.step()
    assert line.states()[-1] == "waiting"
    assert line.closed_sockets() == [1]
    assert "offline" in str(line.happened(StateChanged)[-1].error)


@pytest.mark.parametrize("connect", [False, True], ids=["closed", "failed"])
def test_the_network_is_of_no_interest_to_a_client_that_wants_no_connection(connect: bool) -> None:
    line = Timeline()
    if connect:
        line.connect()
        line.open({"access_token": "wrong"})
        line.say(error("auth", "AUTH_FAILED"))
    state = line.core.state
    line.core.wake(line.now)
    line.core.offline(line.now)
    line.step()
    assert line.core.state is state


# Messages


def test_a_message_gets_a_uid_last_and_the_callers_dict_is_left_alone() -> None:
    line = Timeline()
    line.online()
    message = {"type": "items", "action": "read"}
    line.core.send(message, line.now)
    line.core.send({"uid": "mine", "type": "items"}, line.now)
    line.core.send('{"type": "as it stands"}', line.now)
    line.step()
    sent = line.take()
    assert list(sent[0]) == ["type", "action", "uid"]
    assert sent[0]["uid"] == "1"
    assert sent[1] == {"uid": "mine", "type": "items"}
    assert sent[2] == {"type": "as it stands"}
    assert "uid" not in message


def test_no_uid_is_used_twice_over_a_reconnect() -> None:
    line = Timeline()
    line.online()
    uids = [line.request() for _ in range(3)]
    line.reconnect()
    uids += [line.request() for _ in range(3)]
    assert len(set(uids)) == 6


def test_sending_before_connect_says_what_to_do() -> None:
    line = Timeline()
    with pytest.raises(NotConnected, match=r"await directus\.connect\(\)"):
        line.core.send({"type": "items"}, line.now)


def test_an_answer_is_told_by_its_uid() -> None:
    line = Timeline()
    line.online()
    first, second = line.request(), line.request()
    line.say({"type": "items", "data": {"id": 2}, "uid": second})
    line.say(error("items", "FORBIDDEN", uid=first))
    assert line.happened(Replied)[0].uid == second
    (failed,) = line.happened(RequestFailed)
    assert failed.uid == first
    assert isinstance(failed.error, ServerError)
    assert failed.error.code == "FORBIDDEN"


def test_a_request_without_an_answer_times_out_once() -> None:
    line = Timeline()
    line.online()
    uid = line.request()
    line.advance(9.9)
    assert line.happened(RequestFailed) == []
    line.advance(0.1)
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, ReplyTimeout)
    line.say({"type": "items", "data": {}, "uid": uid})
    assert line.happened(Replied) == []


def test_a_quiet_request_takes_no_number_and_its_answer_shows_nowhere() -> None:
    line = Timeline()
    line.online()
    shown = len(line.happened(MessageReceived))
    quiet = line.request("read", quiet=True)
    line.say({"type": "items", "data": [], "uid": quiet})
    assert line.happened(Replied)[0].uid == quiet
    assert len(line.happened(MessageReceived)) == shown
    assert line.request() == "1"


@pytest.mark.parametrize("away", [False, True], ids=["on its way", "waiting for the connection"])
def test_a_second_request_of_a_uid_that_is_under_way_is_refused(away: bool) -> None:
    line = Timeline()
    line.online()
    if away:
        line.cut()
    line.request("read", uid="mine")
    with pytest.raises(UsageError, match='the uid "mine" is under way'):
        line.request("read", uid="mine")


def test_a_number_given_as_uid_is_sent_as_text_since_directus_echoes_it() -> None:
    line = Timeline()
    line.online()
    assert line.request("read", uid=7) == "7"
    assert line.take()[-1]["uid"] == "7"


def test_what_is_no_json_is_warned_of_and_nothing_falls() -> None:
    line = Timeline()
    line.online()
    line.say("not json", "[" * 100_000, "[1]", "null")
    assert len(line.happened(Warned)) == 2
    assert line.states()[-1] == "open"


# The outbox


def test_what_is_sent_while_away_goes_out_in_order_after_authentication() -> None:
    line = Timeline()
    line.online()
    line.cut()
    uids = [line.request(), line.request("read"), line.request()]
    assert line.take() == []
    line.retry()
    line.accept()
    assert [message["uid"] for message in line.take()] == uids


def test_a_full_outbox_is_an_error_at_once() -> None:
    line = Timeline(outbox=2)
    line.connect()
    line.request()
    line.request()
    with pytest.raises(OutboxFull, match="2 messages wait"):
        line.request()
    line.accept()
    assert len(line.take()) == 2


def test_an_unanswered_read_is_repeated_and_a_write_is_not() -> None:
    line = Timeline()
    line.online()
    write, read = line.request("create"), line.request("read")
    line.take()
    line.cut()
    (failed,) = line.happened(RequestFailed)
    assert (failed.uid, type(failed.error)) == (write, DeliveryUnknown)
    assert "whether it was carried out" in str(failed.error)
    line.retry()
    line.accept()
    assert [message["uid"] for message in line.take()] == [read]


def test_a_request_that_timed_out_while_waiting_is_never_sent() -> None:
    line = Timeline()
    line.connect()
    line.request(queue_timeout=1.0)
    line.advance(1.0)
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, NotSent)
    assert "no connection for 1 s" in str(failed.error)
    line.accept()
    assert line.take() == []


def test_the_time_for_an_answer_begins_when_the_request_is_written() -> None:
    line = Timeline()
    line.connect()
    uid = line.request(timeout=10.0, queue_timeout=None)
    for _ in range(5):
        line.advance(9)
        line.cut()
        line.retry()
    assert line.happened(RequestFailed) == []
    line.accept()
    line.advance(9.9)
    assert line.happened(RequestFailed) == []
    line.advance(0.1)
    (failed,) = line.happened(RequestFailed)
    assert (failed.uid, type(failed.error)) == (uid, ReplyTimeout)


def test_a_repeated_read_waits_for_the_connection_as_long_as_any_other() -> None:
    line = Timeline()
    line.online()
    line.request("read", timeout=10.0, queue_timeout=3.0)
    line.advance(9)
    line.cut()
    line.advance(2.9)
    assert line.happened(RequestFailed) == []
    line.advance(0.1)
    assert isinstance(line.happened(RequestFailed)[0].error, NotSent)


def test_a_write_that_never_reached_the_socket_is_sent_on_the_next_one() -> None:
    line = Timeline()
    line.online()
    line.subscribe()
    reached, first = line.request("create"), line.request("create")
    line.core.send({"type": "items", "uid": "mine"}, line.now)
    last = line.request("update")
    line.core.closed(line.number, 1006, "", line.now, unsent=3)
    line.step()
    (failed,) = line.happened(RequestFailed)
    assert (failed.uid, type(failed.error)) == (reached, DeliveryUnknown)
    line.retry()
    line.take()
    line.accept()
    assert [message["uid"] for message in line.take()] == ["1", first, "mine", last]


def test_what_never_reached_the_socket_is_not_sent_if_the_client_gives_up() -> None:
    line = Timeline(retries=0)
    line.online()
    line.request("create")
    line.core.closed(line.number, 1006, "", line.now, unsent=1)
    line.step()
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, ConnectionFailed)


def test_disconnect_settles_every_request() -> None:
    line = Timeline()
    line.online()
    uids = {line.request("create"), line.request("read")}
    line.core.disconnect(line.now)
    line.step()
    assert {failed.uid for failed in line.happened(RequestFailed)} == uids
    assert line.core.deadline() is None


def test_an_idle_client_has_no_deadline() -> None:
    assert Protocol().deadline() is None


def test_what_other_sockets_report_is_ignored() -> None:
    line = Timeline()
    line.online()
    before = line.number
    line.core.prepared(before + 1, Credentials({"access_token": "t"}))
    line.core.closed(before + 1, 1006, "", line.now)
    line.core.refresh(before + 1, Credentials({"access_token": "t"}))
    line.core.refresh_failed(before + 1, line.now)
    line.step()
    assert line.take() == []
    assert line.states()[-1] == "open"


def test_what_comes_before_the_socket_is_open_or_the_token_answered_is_ignored() -> None:
    line = Timeline()
    line.connect()
    line.say({"type": "ping"})
    line.open({"access_token": "secret"})
    line.take()
    line.say({"type": "ping"})
    assert line.take() == []
    assert line.states()[-1] == "authenticating"


def test_a_client_at_rest_stays_so_when_it_is_disconnected_or_refused() -> None:
    line = Timeline()
    line.core.disconnect(line.now)
    line.core.refuse(ConnectionFailed("No."), line.now)
    line.step()
    assert line.states() == []


def test_disconnect_forgets_what_nobody_waits_for() -> None:
    line = Timeline()
    line.connect()
    line.core.send({"type": "items"}, line.now)
    line.core.disconnect(line.now)
    line.step()
    assert line.happened(RequestFailed) == []
    line.connect()
    line.accept()
    assert line.take() == []


def test_the_error_of_the_current_socket_is_reported() -> None:
    line = Timeline()
    line.connect()
    line.core.errored(line.number, "refused")
    line.step()
    assert line.happened(Errored) == [Errored("refused")]


def test_a_read_over_which_the_connection_is_lost_again_and_again_is_given_up() -> None:
    line = Timeline()
    line.online()
    uid = line.request("read", timeout=None)
    for _ in range(3):
        line.reconnect()
        assert line.happened(RequestFailed) == []
    line.cut()
    (failed,) = line.happened(RequestFailed)
    assert (failed.uid, type(failed.error)) == (uid, DeliveryUnknown)
    assert "read again, and ask for less" in str(failed.error)


def test_a_request_that_nobody_waits_for_any_more_is_not_written() -> None:
    line = Timeline()
    line.connect()
    kept, given_up = line.request(), line.request()
    line.core.forget(given_up)
    assert line.core.pending == 1
    line.accept()
    assert [message["uid"] for message in line.take()] == [kept]


# Whose answer it is


def test_the_uid_of_a_message_of_the_programs_own_is_not_given_to_a_request() -> None:
    line = Timeline()
    line.online()
    line.core.send({"type": "items", "action": "read", "collection": "x", "uid": "1"}, line.now)
    line.core.send('{"type":"items","action":"read","collection":"x","uid":"7"}', line.now)
    line.core.send({"type": "ping", "uid": "mine"}, line.now)
    assert line.request("read") == "8"


def test_a_message_of_another_type_does_not_answer_a_request() -> None:
    line = Timeline()
    line.online()
    uid = line.request("read")
    line.say({"type": "news", "uid": uid}, {"type": "pong", "uid": uid})
    assert line.happened(Replied) == []
    line.say({"type": "items", "uid": uid, "data": [{"id": 1}]})
    assert [reply.message["data"] for reply in line.happened(Replied)] == [[{"id": 1}]]


# What is kept


def test_requests_that_were_given_up_in_a_long_outage_are_not_kept() -> None:
    line = Timeline(outbox=10)
    line.online()
    line.cut()
    for _ in range(1000):
        line.request("read", queue_timeout=10.0)
        line.advance(10.0)
    assert len(line.core._requests._waiting) <= 10


def test_answered_requests_with_a_long_timeout_are_not_kept() -> None:
    line = Timeline()
    line.online()
    for _ in range(5000):
        uid = line.request("read", timeout=86_400.0)
        line.say({"type": "items", "uid": uid, "data": []})
    assert len(line.core._requests._expiries) <= 1001
