"""Subscriptions on simulated time: their phases, their errors, their buffers."""

import pytest
from directus_realtime.core.events import FreshnessChanged, MessageReceived, Readable, Warned
from directus_realtime.core.states import SUBSCRIPTION_TRANSITIONS, SubscriptionState
from directus_realtime.errors import (
    ConnectionFailed,
    NotSent,
    ReplyTimeout,
    ServerError,
    SubscriptionOverflow,
    UsageError,
)

from tests.support.timeline import Timeline, drain, error

INIT = {"type": "subscription", "event": "init", "uid": "1"}
SUBSCRIBE = {
    "event": "create",
    "query": {"fields": "user,text"},
    "uid": "1",
    "collection": "messages",
    "type": "subscribe",
}


def created(row: dict[str, object], uid: str = "1") -> dict[str, object]:
    return {"type": "subscription", "event": "create", "data": [row], "uid": uid}


def online() -> Timeline:
    line = Timeline()
    line.online()
    return line


def test_the_frame_is_the_js_sdks_key_for_key() -> None:
    line = online()
    line.subscribe(query={"fields": ["user", "text"]})
    (sent,) = line.take()
    assert list(sent.items()) == list(SUBSCRIBE.items())


def test_the_init_and_every_event_reach_the_consumer_as_they_came() -> None:
    line = online()
    subscription = line.subscribe()
    deleted = {"type": "subscription", "event": "delete", "data": [1, "b"], "uid": "1"}
    line.say(INIT, created({"text": "a"}), deleted)
    assert drain(subscription) == [INIT, created({"text": "a"}), deleted]


def test_the_handlers_see_a_message_before_its_consumer() -> None:
    line = online()
    line.subscribe()
    line.events.clear()
    line.say(INIT)
    kinds = [type(event) for event in line.events if not isinstance(event, FreshnessChanged)]
    assert kinds == [MessageReceived, Readable]


def test_a_quiet_one_takes_no_number_and_its_messages_reach_its_consumer_alone() -> None:
    line = online()
    shown = len(line.happened(MessageReceived))
    quiet = line.subscribe(quiet=True)
    own = {"uid": quiet.uid}
    event = {**created({"text": "a"}), **own}
    odd = {**event, "data": None}
    line.say({**INIT, **own}, event, odd, error("subscribe", "FORBIDDEN", **own))
    assert drain(quiet) == [{**INIT, **own}, event]
    line.unsubscribe(quiet)
    line.say({"type": "subscription", "event": "unsubscribe", **own})
    assert quiet.state is SubscriptionState.ENDED
    assert len(line.happened(MessageReceived)) == shown
    assert line.subscribe().uid == "1"


def test_a_quiet_one_that_was_away_makes_nothing_stale() -> None:
    line = online()
    quiet = line.subscribe(quiet=True)
    line.say({**INIT, "uid": quiet.uid})
    line.reconnect()
    line.say({**INIT, "uid": quiet.uid})
    assert quiet.freshness == "stale"
    assert line.core.freshness == "live"


def test_a_subscription_is_sent_again_once_after_a_reconnect_with_its_uid() -> None:
    line = online()
    line.subscribe(query={"fields": ["user", "text"]})
    line.say(INIT)
    line.take()
    line.cut()
    line.retry()
    line.accept()
    assert line.take() == [SUBSCRIBE]


def test_one_made_before_connecting_is_sent_when_the_connection_is_open() -> None:
    line = Timeline()
    line.subscribe(query={"fields": ["user", "text"]})
    assert line.take() == []
    line.online()
    assert line.take() == [SUBSCRIBE]


def test_a_uid_that_the_program_has_chosen_is_not_given_again() -> None:
    line = online()
    line.subscribe(uid="1")
    assert line.subscribe().uid == "2"
    line.request("read", uid="4")
    assert [line.request("read") for _ in range(2)] == ["3", "5"]


def test_two_of_one_uid_are_refused() -> None:
    line = online()
    line.subscribe(uid="mine")
    with pytest.raises(UsageError, match='uid "mine" already'):
        line.subscribe(uid="mine")


# Leaving


def test_unsubscribe_ends_the_consumer_after_what_came() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.take()
    line.unsubscribe(subscription)
    assert line.take() == [{"uid": "1", "type": "unsubscribe"}]
    assert drain(subscription) == [INIT]
    assert subscription.ended


def test_unsubscribe_before_the_init_is_sent_after_it() -> None:
    line = online()
    subscription = line.subscribe()
    line.take()
    line.unsubscribe(subscription)
    assert line.take() == []
    line.say(INIT)
    assert line.take() == [{"uid": "1", "type": "unsubscribe"}]
    assert drain(subscription) == []


def test_unsubscribe_while_away_is_not_taken_up_again() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.cut()
    line.unsubscribe(subscription)
    line.retry()
    line.take()
    line.accept()
    assert line.take() == []


# Errors


def test_an_error_before_the_init_is_raised_in_its_consumer_only_and_ends_it() -> None:
    line = online()
    refused, other = line.subscribe(), line.subscribe()
    line.say(error("subscribe", "FORBIDDEN", "You don't.", uid="1"), {**INIT, "uid": "2"})
    (raised,) = drain(refused)
    assert isinstance(raised, ServerError)
    assert (raised.code, raised.message) == ("FORBIDDEN", "You don't.")
    assert "a policy that allows this" in str(raised)
    assert refused.ended
    assert drain(other) == [{**INIT, "uid": "2"}]


def test_an_error_for_one_event_goes_to_handlers_and_the_log_and_the_iteration_goes_on() -> None:
    line = online()
    subscription = line.subscribe()
    refused = error("subscribe", "FORBIDDEN", uid="1")
    line.say(INIT, refused, created({"text": "next"}))
    assert drain(subscription) == [INIT, created({"text": "next"})]
    assert refused in [event.message for event in line.happened(MessageReceived)]
    (warned,) = line.happened(Warned)
    assert "FORBIDDEN" in warned.text


@pytest.mark.parametrize("data", [None, "text", {"text": "a"}, 7, [1], [{}, None]])
@pytest.mark.parametrize("recover", [None, "id"])
def test_an_event_without_a_list_of_rows_goes_to_handlers_and_the_log(
    data: object, recover: str | None
) -> None:
    line = online()
    subscription = line.subscribe(recover=recover, since=None)
    odd = {**created({}), "data": data}
    line.say(INIT, odd)
    assert drain(subscription) == [INIT]
    assert odd in [event.message for event in line.happened(MessageReceived)]
    assert "no list of rows" in line.happened(Warned)[-1].text


def test_an_error_without_a_uid_is_that_of_the_only_subscribe_under_way() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(error("subscribe", "INVALID_PAYLOAD"))
    assert isinstance(drain(subscription)[0], ServerError)


def test_an_error_without_a_uid_is_laid_on_nobody_when_two_may_be_meant() -> None:
    line = online()
    first, second = line.subscribe(), line.subscribe()
    line.say(error("subscribe", "INVALID_PAYLOAD"))
    assert drain(first) == drain(second) == []


def test_a_subscribe_that_directus_is_silent_on_times_out() -> None:
    line = online()
    subscription = line.subscribe()
    line.advance(1)
    line.say({"type": "ping"})  # Directus is there
    line.advance(9)
    (raised,) = drain(subscription)
    assert isinstance(raised, ReplyTimeout)
    assert subscription.ended


def test_where_nothing_at_all_comes_it_is_asked_for_life_and_then_silent_on_the_subscribe() -> None:
    line = online()
    subscription = line.subscribe()
    line.take()
    line.advance(10)
    (ping,) = line.take()
    line.say({"type": "pong", "uid": ping["uid"]})
    assert drain(subscription) == []
    line.advance(5)
    assert isinstance(drain(subscription)[0], ReplyTimeout)


def test_a_first_subscribe_on_a_dead_connection_is_sent_again_on_the_next() -> None:
    line = online()
    subscription = line.subscribe()
    line.advance(15)
    assert line.states()[-1] == "waiting"
    line.retry()
    line.take()
    line.accept()
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say(INIT)
    assert drain(subscription) == [INIT]


def test_one_that_was_accepted_before_is_tried_again_on_a_new_connection() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.reconnect()
    line.advance(10)
    assert line.states()[-1] == "waiting"
    assert not subscription.ended
    assert drain(subscription) == [INIT]


def test_a_refused_token_is_raised_in_every_consumer() -> None:
    line = online()
    subscriptions = [line.subscribe(), line.subscribe()]
    line.say(error("auth", "AUTH_FAILED"))
    assert [drain(subscription)[0].code for subscription in subscriptions] == [
        "AUTH_FAILED",
        "AUTH_FAILED",
    ]


# The buffer


def test_a_consumer_that_is_too_slow_reads_what_fits_and_then_an_error() -> None:
    line = online()
    subscription = line.subscribe(limit=3)
    line.say(INIT, *[created({"text": str(n)}) for n in range(5)])
    *read, raised = drain(subscription)
    assert read == [INIT, created({"text": "0"}), created({"text": "1"})]
    assert isinstance(raised, SubscriptionOverflow)
    assert "3 messages" in str(raised)
    assert subscription.ended
    assert {"uid": "1", "type": "unsubscribe"} in line.take()


# A uid that is used again

LEFT = {"type": "subscription", "event": "unsubscribe", "uid": "x"}
INIT_X = {**INIT, "uid": "x"}


def test_a_uid_given_up_before_its_init_is_free_when_directus_has_let_it_go() -> None:
    line = online()
    old = line.subscribe(uid="x")
    line.unsubscribe(old)
    new = line.subscribe(uid="x")
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say(INIT_X)
    assert line.take() == [{"uid": "x", "type": "unsubscribe"}]
    line.say(created({"text": "for the old one"}, "x"), LEFT)
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say(INIT_X, created({"text": "a"}, "x"))
    assert drain(old) == []
    assert drain(new) == [INIT_X, created({"text": "a"}, "x")]
    assert line.take() == []


def test_a_second_unsubscribe_of_an_old_one_leaves_the_new_one_of_its_uid_alone() -> None:
    line = online()
    old = line.subscribe(uid="x")
    line.say(INIT_X)
    line.unsubscribe(old)
    line.say(LEFT)
    new = line.subscribe(uid="x")
    line.say(INIT_X)
    line.take()
    line.unsubscribe(old)
    line.say(created({"text": "a"}, "x"))
    assert line.take() == []
    assert drain(new) == [INIT_X, created({"text": "a"}, "x")]


def test_only_one_waits_for_a_uid_that_is_being_left() -> None:
    line = online()
    line.unsubscribe(line.subscribe(uid="x"))
    new = line.subscribe(uid="x")
    with pytest.raises(UsageError, match='uid "x" already'):
        line.subscribe(uid="x")
    line.unsubscribe(new)
    line.take()
    line.say(INIT_X, LEFT)
    assert [message["type"] for message in line.take()] == ["unsubscribe"]
    line.subscribe(uid="x")
    assert [message["type"] for message in line.take()] == ["subscribe"]


def test_a_uid_is_free_after_a_refusal_of_the_one_that_was_given_up() -> None:
    line = online()
    line.unsubscribe(line.subscribe(uid="x"))
    line.subscribe(uid="x")
    line.take()
    line.say(error("subscribe", "FORBIDDEN", uid="x"))
    assert [message["type"] for message in line.take()] == ["subscribe"]


def test_errors_of_events_that_come_after_an_unsubscribe_are_nobodys() -> None:
    line = online()
    old = line.subscribe(uid="x")
    line.say(INIT_X)
    line.unsubscribe(old)
    new = line.subscribe(uid="x")
    line.take()
    line.say(error("subscribe", "FORBIDDEN", uid="x"))
    assert line.take() == []
    line.say(LEFT, INIT_X)
    assert drain(new) == [INIT_X]


def test_an_unsubscribe_that_directus_does_not_confirm_blocks_its_uid_for_the_timeout() -> None:
    line = online()
    old = line.subscribe(uid="x")
    line.say(INIT_X)
    line.unsubscribe(old)
    line.subscribe(uid="x")
    line.take()
    line.advance(10)
    assert [message["type"] for message in line.take()] == ["subscribe"]


def test_the_next_connection_frees_a_uid_that_was_being_left() -> None:
    line = online()
    line.unsubscribe(line.subscribe(uid="x"))
    new = line.subscribe(uid="x")
    line.reconnect()
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say(INIT_X)
    assert drain(new) == [INIT_X]


# Refused after it was live


def test_one_that_was_live_and_is_refused_is_asked_for_again_with_backoff() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.reconnect()
    refused = error("subscribe", "FORBIDDEN", uid="1")
    line.take()
    delays = []
    for _ in range(4):
        line.say(refused)
        began = line.now
        due = subscription.deadline()
        assert due is not None
        delays.append(due - began)
        line.advance(due - began)
        assert [message["type"] for message in line.take()] == ["subscribe"]
    assert delays == [0.25, 0.5, 1.0, 2.0]
    line.say(INIT, created({"text": "heard"}))
    assert drain(subscription) == [INIT, INIT, created({"text": "heard"})]
    (warned,) = line.happened(Warned)
    assert 'subscribe to "messages"' in warned.text


@pytest.mark.parametrize("event", ["cut", "unsubscribe"])
def test_one_that_waits_after_a_refusal_can_be_interrupted(event: str) -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.reconnect()
    line.say(error("subscribe", "FORBIDDEN", uid="1"))
    line.take()
    if event == "cut":
        line.reconnect()
        assert [message["type"] for message in line.take()] == ["subscribe"]
    else:
        line.unsubscribe(subscription)
        line.advance(10)
        assert line.take() == []
        assert subscription.state is SubscriptionState.ENDED


# The table


def test_every_state_of_a_subscription_stands_in_the_table_and_can_be_reached() -> None:
    assert set(SUBSCRIPTION_TRANSITIONS) == set(SubscriptionState)
    reached = {state for causes in SUBSCRIPTION_TRANSITIONS.values() for state in causes.values()}
    assert reached == set(SubscriptionState)


def test_an_old_one_can_be_left_twice_when_nobody_uses_its_uid() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.unsubscribe(subscription)
    line.say({**LEFT, "uid": "1"})
    line.take()
    line.unsubscribe(subscription)
    assert line.take() == []
    assert subscription.state is SubscriptionState.ENDED


def test_one_that_waits_for_its_uid_hears_that_the_connection_is_given_up() -> None:
    line = online()
    line.unsubscribe(line.subscribe(uid="x"))
    new = line.subscribe(uid="x")
    line.core.refuse(ConnectionFailed("No."), line.now)
    line.step()
    assert [str(item) for item in drain(new)] == ["No."]


def test_a_buffer_without_room_for_the_init_ends_the_subscription() -> None:
    line = online()
    subscription = line.subscribe(limit=0)
    line.say(INIT)
    (raised,) = drain(subscription)
    assert isinstance(raised, SubscriptionOverflow)
    assert subscription.ended


def test_what_waits_to_be_sent_and_to_be_read_is_counted() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT, created({"text": "a"}))
    assert (line.core.buffered, line.core.recovered) == (2, 0)
    line.cut()
    line.request()
    assert line.core.buffered == 3
    line.read(subscription)
    assert line.core.buffered == 1


# Waiting for the connection


@pytest.mark.parametrize("began", ["before", "between"])
def test_a_first_subscribe_does_not_wait_for_the_connection_for_ever(began: str) -> None:
    line = Timeline()
    line.connect()
    if began == "between":
        line.accept()
    subscription = line.subscribe(queue_timeout=10.0)
    line.cut()
    line.advance(10)
    (raised,) = drain(subscription)
    assert isinstance(raised, NotSent)
    assert "no connection for 10 s" in str(raised)
    assert subscription.ended
    line.take()
    line.accept()
    assert line.take() == []


def test_attempts_that_fail_do_not_give_a_first_subscribe_more_time() -> None:
    line = Timeline()
    line.connect()
    subscription = line.subscribe(queue_timeout=10.0)
    while line.now < 1009:
        line.cut()
        line.retry()
    line.advance(20)
    assert isinstance(drain(subscription)[0], NotSent)


def test_of_many_events_that_cannot_be_shown_one_is_warned_of() -> None:
    line = online()
    line.subscribe()
    line.say(INIT, *[error("subscribe", "FORBIDDEN", uid="1")] * 3)
    assert len(line.happened(Warned)) == 1


def test_one_that_was_live_waits_for_ever_and_one_that_waits_for_its_uid_does_not() -> None:
    line = online()
    live = line.subscribe(queue_timeout=10.0)
    line.say(INIT)
    line.unsubscribe(line.subscribe(uid="x"))
    waiting = line.subscribe(uid="x", queue_timeout=5.0)
    line.advance(5)
    assert isinstance(drain(waiting)[0], NotSent)
    line.cut()
    for _ in range(5):
        line.advance(20)
        line.cut()
    assert drain(live) == [INIT]


# Errors that name no uid, as all do before Directus 12.4


def test_an_unnamed_error_of_an_event_is_not_laid_on_a_subscribe_under_way() -> None:
    line = online()
    live = line.subscribe()
    line.say(INIT)
    other = line.subscribe()
    line.say(error("subscribe", "FORBIDDEN"), {**INIT, "uid": "2"})
    assert drain(live) == [INIT]
    assert drain(other) == [{**INIT, "uid": "2"}]
    assert "one of several" in line.happened(Warned)[-1].text


def test_an_unnamed_error_is_the_answer_of_a_subscribe_whose_init_does_not_come() -> None:
    line = online()
    line.subscribe()
    line.say(INIT)
    other = line.subscribe()
    line.say(error("subscribe", "FORBIDDEN"))
    line.advance(10)
    (raised,) = drain(other)
    assert isinstance(raised, ServerError)
    assert raised.code == "FORBIDDEN"


def test_an_unnamed_error_of_the_only_subscription_is_that_of_its_event() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT, error("subscribe", "FORBIDDEN"), created({"text": "next"}))
    assert drain(subscription) == [INIT, created({"text": "next"})]
    assert "FORBIDDEN" in line.happened(Warned)[-1].text


def test_a_bad_form_is_that_of_the_only_subscribe_under_way_whatever_is_live() -> None:
    line = online()
    line.subscribe()
    line.say(INIT)
    other = line.subscribe()
    line.say(error("subscribe", "INVALID_PAYLOAD"))
    assert isinstance(drain(other)[0], ServerError)


def test_an_unnamed_error_when_nothing_is_subscribed_is_shown_to_handlers_alone() -> None:
    line = online()
    line.say(error("subscribe", "FORBIDDEN"))
    assert line.happened(Warned) == []
    assert line.happened(MessageReceived)[-1].message == error("subscribe", "FORBIDDEN")


def test_an_error_of_a_subscription_that_is_gone_is_shown_to_handlers_alone() -> None:
    line = online()
    line.say(error("subscribe", "FORBIDDEN", uid="gone"))
    assert line.happened(MessageReceived)[-1].message["uid"] == "gone"
    assert line.happened(Warned) == []


# What ends without our unsubscribe, or is accepted after it was given up


@pytest.mark.parametrize("uid", [{"uid": "1"}, {}], ids=["its uid", "all"])
def test_one_that_the_program_has_ended_with_a_message_of_its_own_does_not_count_as_live(
    uid: dict[str, str],
) -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT, created({"id": 1}))
    line.core.send({"type": "unsubscribe", **uid}, line.now)
    line.say({"type": "subscription", "event": "unsubscribe", **uid})
    assert subscription.ended
    assert line.happened(Readable)[-1] == Readable(subscription.number, ended=True)
    assert drain(subscription) == [INIT, created({"id": 1})]
    line.take()
    line.subscribe(uid="1")
    assert [sent["type"] for sent in line.take()] == ["subscribe"]


def test_a_late_confirmation_of_an_unsubscribe_does_not_answer_the_next_of_its_uid() -> None:
    line = online()
    old = line.subscribe(uid="1")
    line.say(INIT)
    line.unsubscribe(old)
    line.advance(10)
    new = line.subscribe(uid="1")
    line.say({"type": "subscription", "event": "unsubscribe", "uid": "1"})
    assert drain(new) == []
    line.say(INIT)
    assert drain(new) == [INIT]
    assert new.freshness == "live"


@pytest.mark.parametrize("left", [False, True], ids=["timed out", "left"])
def test_a_subscribe_that_is_accepted_after_it_was_given_up_is_ended(left: bool) -> None:
    line = online()
    subscription = line.subscribe()
    if left:
        line.unsubscribe(subscription)
    line.advance(1)
    line.say({"type": "ping"})
    line.advance(10)
    assert subscription.ended
    line.take()
    line.say(INIT)
    assert line.take() == [{"uid": "1", "type": "unsubscribe"}]
    line.say(INIT)  # of the program's own
    assert line.take() == []


def test_one_that_was_given_up_is_not_ended_on_another_connection() -> None:
    line = online()
    line.subscribe()
    line.advance(1)
    line.say({"type": "ping"})
    line.advance(10)
    line.reconnect()
    line.say(INIT)
    assert line.take() == []


@pytest.mark.parametrize("answered", [False, True], ids=["unanswered", "answered meanwhile"])
def test_an_unnamed_error_may_be_for_a_subscribe_that_was_given_up(answered: bool) -> None:
    line = online()
    line.subscribe()
    line.advance(1)
    line.say({"type": "ping"})
    line.advance(10)
    if answered:
        line.say(error("subscribe", "FORBIDDEN", uid="1"))
    subscription = line.subscribe()
    line.say(error("subscribe", "FORBIDDEN"))
    assert subscription.ended == answered
    if not answered:
        line.say({**INIT, "uid": "2"})
        assert drain(subscription) == [{**INIT, "uid": "2"}]


def test_of_many_subscribes_that_are_never_answered_the_newest_are_remembered() -> None:
    line = online()
    for _ in range(1001):
        line.unsubscribe(line.subscribe())
    line.say({"type": "ping"})
    line.advance(10)
    line.take()
    line.say(INIT, {**INIT, "uid": "2"})
    assert line.take() == [{"uid": "2", "type": "unsubscribe"}]
