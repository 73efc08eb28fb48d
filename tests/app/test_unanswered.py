"""Errors of type items that name no uid, as Directus sends them before 12.4."""

from typing import Any

import pytest
from directus_realtime.core.events import MessageReceived, Replied, RequestFailed, Warned
from directus_realtime.core.requests import PendingRequest
from directus_realtime.errors import DeliveryUnknown, ReplyTimeout

from tests.support.timeline import Timeline, drain, error

INIT = {"type": "subscription", "event": "init"}


def unnamed(code: str, message: str = "No.") -> dict[str, Any]:
    return error("items", code, message)


def online() -> Timeline:
    line = Timeline()
    line.online()
    return line


def outcomes(line: Timeline) -> dict[str, str]:
    """The code of each request that failed, or \"ok\"."""
    failed = {event.uid: event.error.code for event in line.happened(RequestFailed)}
    return failed | {event.uid: "ok" for event in line.happened(Replied)}


def test_it_belongs_to_the_one_request_that_waits() -> None:
    line = online()
    uid = line.request()
    line.say(unnamed("RECORD_NOT_UNIQUE"))
    assert outcomes(line) == {uid: "RECORD_NOT_UNIQUE"}
    assert line.happened(MessageReceived)[-1].message == unnamed("RECORD_NOT_UNIQUE")


def test_of_several_it_is_the_one_that_is_left_when_the_others_are_answered() -> None:
    line = online()
    first, second = line.request("create"), line.request("read")
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {}
    line.say({"type": "items", "data": {}, "uid": first})
    assert outcomes(line) == {first: "ok", second: "FORBIDDEN"}


@pytest.mark.parametrize(
    ("codes", "expected"),
    [(["FORBIDDEN", "FORBIDDEN"], "FORBIDDEN"), (["FORBIDDEN", "RECORD_NOT_UNIQUE"], "UNKNOWN")],
)
def test_as_many_errors_as_requests_mean_that_all_failed(codes: list[str], expected: str) -> None:
    line = online()
    first, second = line.request("create"), line.request("read")
    line.say(*map(unnamed, codes))
    assert outcomes(line) == {first: expected, second: expected}
    assert all(code in str(event.error) for event in line.happened(RequestFailed) for code in codes)


def test_errors_of_one_code_and_other_texts_keep_the_code() -> None:
    line = online()
    first, second = line.request("create"), line.request("read")
    line.say(unnamed("FORBIDDEN", "One."), unnamed("FORBIDDEN", "Two."))
    assert outcomes(line) == {first: "FORBIDDEN", second: "FORBIDDEN"}


def test_a_message_that_nobody_waits_for_may_be_the_one_that_failed() -> None:
    line = online()
    line.core.send({"type": "items", "action": "create"}, line.now)
    uid = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {}
    line.advance(10)
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, DeliveryUnknown), "a write is not said to be refused on a guess"
    assert "naming none" in str(failed.error)
    assert failed.uid == uid


def test_a_read_that_may_have_failed_times_out() -> None:
    line = online()
    line.core.send('{"type": "items", "action": "create", "uid": "mine"}', line.now)
    line.request("read")
    line.say(unnamed("FORBIDDEN"))
    line.advance(10)
    (failed,) = line.happened(RequestFailed)
    assert isinstance(failed.error, ReplyTimeout)


def test_a_request_that_timed_out_may_still_be_the_one_that_failed() -> None:
    line = online()
    line.request(timeout=1.0)
    line.advance(1)
    second = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert second not in outcomes(line)
    line.say({"type": "items", "data": {}, "uid": second})
    third = line.request()
    line.say(unnamed("RECORD_NOT_UNIQUE"))
    assert outcomes(line)[third] == "RECORD_NOT_UNIQUE"


@pytest.mark.parametrize("text", ['{"type": "items"}', '{"type": "ping"}', "[1]"])
def test_a_text_is_looked_into_and_without_a_uid_nothing_is_assigned(text: str) -> None:
    line = online()
    line.core.send(text, line.now)
    uid = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert (uid in outcomes(line)) is ("items" not in text)


def test_a_text_that_is_no_json_is_no_items_message() -> None:
    assert not PendingRequest("not json").is_items


def test_an_error_when_nothing_is_unanswered_is_shown_and_nobodys() -> None:
    line = online()
    line.say(unnamed("FORBIDDEN"))
    uid = line.request()
    line.say({"type": "items", "data": {}, "uid": uid})
    assert outcomes(line) == {uid: "ok"}


def test_where_errors_name_their_uid_nothing_is_followed() -> None:
    line = online()
    first = line.request()
    line.say(error("items", "FORBIDDEN", uid=first))
    second = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {first: "FORBIDDEN"}
    line.say({"type": "items", "data": {}, "uid": second})


@pytest.mark.parametrize("code", ["INVALID_COLLECTION", "INVALID_PAYLOAD"])
def test_some_errors_name_their_uid_before_12_4_too_and_others_are_still_followed(
    code: str,
) -> None:
    line = online()
    first = line.request()
    line.say(error("items", code, uid=first))
    second = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {first: code, second: "FORBIDDEN"}


def test_too_many_to_follow_are_not_followed_on_this_connection() -> None:
    line = Timeline(outbox=2000)
    line.online()
    for _ in range(1001):
        line.core.send({"type": "items"}, line.now)
    line.step()
    line.say(unnamed("FORBIDDEN"))
    line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {}
    line.reconnect()
    uid = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line)[uid] == "FORBIDDEN"


def test_a_refused_mark_makes_the_subscription_plain_at_once() -> None:
    line = online()
    subscription = line.subscribe(recover="id", query={"fields": ["text"]})
    line.take()
    line.say(unnamed("FORBIDDEN"))
    assert [message["type"] for message in line.take()] == ["subscribe"]
    assert len(line.happened(Warned)) == 1
    line.say({**INIT, "uid": subscription.uid})
    assert drain(subscription) == [{**INIT, "uid": subscription.uid}]


def test_own_reads_go_one_at_a_time_until_an_error_names_a_uid() -> None:
    line = online()
    for _ in range(3):
        line.subscribe(recover="id")
    (first,) = line.take()
    line.say({"type": "items", "data": [], "uid": first["uid"]})
    subscribe, second = line.take()
    assert (subscribe["type"], second["type"]) == ("subscribe", "items")
    line.say(error("items", "FORBIDDEN", uid=second["uid"]))
    assert sorted(message["type"] for message in line.take()) == ["items", "subscribe"]
    line.subscribe(recover="id")
    assert [message["type"] for message in line.take()] == ["items"], "errors name uids from now on"


def test_an_own_read_that_is_forgotten_makes_room_for_the_next() -> None:
    line = online()
    subscriptions = [line.subscribe(recover="id") for _ in range(3)]
    (first,) = line.take()
    line.unsubscribe(subscriptions[1])
    assert line.take() == []
    line.unsubscribe(subscriptions[0])
    (third,) = line.take()
    assert third["type"] == "items"
    line.say({"type": "items", "data": [], "uid": third["uid"]})
    assert [message["type"] for message in line.take()] == ["subscribe"]
    line.say({"type": "items", "data": [], "uid": first["uid"]})
    assert line.take() == []


def test_a_read_that_directus_is_silent_on_twice_makes_the_subscription_plain() -> None:
    line = online()
    subscription = line.subscribe(recover="id", since=None)
    for _ in range(2):
        line.say({**INIT, "uid": "1"})
        line.advance(5)
        line.say({"type": "ping"})
        line.advance(5)
        if line.states()[-1] == "waiting":
            line.retry()
            line.take()
            line.accept()
    assert line.states()[-1] == "open"
    assert "does not answer" in line.happened(Warned)[-1].text
    assert not subscription.is_recovering


def test_where_errors_name_uids_one_that_names_none_is_assigned_to_nobody() -> None:
    line = online()
    first = line.request()
    line.say(error("items", "FORBIDDEN", uid=first))
    line.core.send('{"type":"items"}', line.now)
    line.say(unnamed("INVALID_PAYLOAD"))
    second = line.request()
    line.say(unnamed("INVALID_PAYLOAD"))
    assert second not in outcomes(line)


def test_two_messages_of_one_uid_cannot_be_told_apart() -> None:
    line = online()
    for _ in range(2):
        line.core.send({"type": "items", "uid": "x"}, line.now)
    uid = line.request()
    line.say(unnamed("FORBIDDEN"), unnamed("FORBIDDEN"))
    assert uid not in outcomes(line)


def test_an_error_of_another_type_says_nothing_about_uids() -> None:
    line = online()
    line.say(error("custom", "FORBIDDEN", uid="mine"))
    uid = line.request()
    line.say(unnamed("FORBIDDEN"))
    assert outcomes(line) == {uid: "FORBIDDEN"}


def test_an_unnamed_error_of_an_own_read_is_shown_to_no_handler() -> None:
    line = online()
    line.subscribe(recover="id")
    line.take()
    shown = len(line.happened(MessageReceived))
    line.say(unnamed("FORBIDDEN"))
    assert len(line.happened(MessageReceived)) == shown
