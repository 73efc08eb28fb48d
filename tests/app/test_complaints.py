"""What users of other realtime clients complain of, each as a test named after what went wrong.

The issue is named beside each. Those about filtered deletes and rows that leave a filter are in
tests/behaviours/living.py; those about proxies and the browser's null in tests/e2e.
"""

import asyncio
from typing import Any

import pytest
from directus_realtime.core import messages
from directus_realtime.core.events import MessageReceived, Opened, Replied, StateChanged, Warned
from directus_realtime.core.query import query_to_params
from directus_realtime.errors import ConnectionFailed, UsageError
from directus_realtime.static_token import StaticToken

from tests.support.timeline import AUTH_OK, Timeline, drain, error

INIT = {"type": "subscription", "event": "init", "uid": "1"}


def created(text: str) -> dict[str, Any]:
    return {"type": "subscription", "event": "create", "data": [{"text": text}], "uid": "1"}


def test_subscribe_without_connect_races() -> None:  # directus/directus#20636
    line = Timeline()
    line.connect()
    line.subscribe()
    line.open({"access_token": "secret"})
    assert [message["type"] for message in line.take()] == ["auth"]
    line.say(AUTH_OK)
    assert [message["type"] for message in line.take()] == ["subscribe"]


def test_first_messages_and_the_auth_reply_never_reach_handlers() -> None:  # #21952, #21955
    line = Timeline()
    line.online()
    line.subscribe()
    line.say(INIT)
    shown = [event.message for event in line.happened(MessageReceived)]
    assert shown == [AUTH_OK, INIT]


def test_messages_between_pulls_are_dropped() -> None:  # directus/directus PR 27859
    line = Timeline()
    line.online()
    subscription = line.subscribe()
    line.say(INIT, *[created(str(number)) for number in range(50)])
    assert drain(subscription) == [INIT, *[created(str(number)) for number in range(50)]]


@pytest.mark.parametrize("steps", [0, 1], ids=["before the socket opens", "before auth ok"])
def test_a_socket_that_dies_mid_handshake_rejects_unhandled(steps: int) -> None:  # #27929
    line = Timeline()
    line.connect()
    if steps:
        line.open({"access_token": "secret"})
    line.cut()
    change = line.happened(StateChanged)[-1]
    assert change.state == "waiting"
    assert isinstance(change.error, ConnectionFailed)


def test_there_is_no_way_to_know_that_it_is_authenticated() -> None:  # #26555
    line = Timeline()
    line.connect()
    line.open({"access_token": "secret"})
    assert line.states()[-1] == "authenticating"
    assert line.happened(Opened) == []
    line.say(AUTH_OK)
    assert line.states()[-1] == "open"
    assert len(line.happened(Opened)) == 1


def test_two_connects_open_two_sockets() -> None:  # directus/directus PR 26511
    line = Timeline()
    line.connect()
    line.connect()
    assert line.opened_at == [line.now]


def test_sending_while_reconnecting_touches_a_dead_socket() -> None:  # #24957
    line = Timeline()
    line.online()
    line.cut()
    line.core.send({"type": "items"}, line.now)
    line.step()
    assert line.take() == []
    line.retry()
    line.accept()
    assert [message["type"] for message in line.take()] == ["items"]


def test_the_token_is_sent_many_times_a_second() -> None:  # #19583
    line = Timeline()
    line.online()
    line.say(*[{"type": "ping"}] * 20)
    line.advance(120)
    assert not any(message["type"] == "auth" for message in line.take())


def test_it_closes_after_auth_ok_and_gives_no_reason() -> None:  # #22177
    line = Timeline()
    line.online()
    line.cut(1005)
    assert "was closed (1005)" in str(line.happened(StateChanged)[-1].error)


def test_a_heartbeat_longer_than_the_proxys_patience_is_useless() -> None:  # #19649
    line = Timeline()
    line.online()
    line.advance(25)
    assert [message["type"] for message in line.take()] == ["ping"]


def test_equal_uids_break_subscriptions() -> None:  # directus/docs#275
    line = Timeline()
    line.online()
    first, second = line.subscribe(), line.subscribe()
    assert first.uid != second.uid
    with pytest.raises(UsageError):
        line.subscribe(uid=first.uid)


def test_types_said_item_and_the_wire_said_a_list() -> None:  # #19538
    line = Timeline()
    line.online()
    subscription = line.subscribe()
    line.say(INIT, created("a"))
    init, event = drain(subscription)
    assert init["event"] == "init"
    assert event["data"] == [{"text": "a"}]


def test_nested_fields_crash_the_server_and_the_client_hears_nothing() -> None:  # #26396, #19342
    params = query_to_params({"fields": ["id", {"author": ["name"]}]})
    assert params == {"fields": "id,author.name"}


@pytest.mark.parametrize("collection", messages.SILENT_COLLECTIONS)
def test_a_system_collection_gives_its_init_and_then_nothing(collection: str) -> None:
    # directus/directus#25457, #19186
    line = Timeline()
    line.online()
    line.subscribe(collection=collection)
    (warning,) = line.happened(Warned)
    assert collection in warning.text


def test_no_answer_ever_comes() -> None:  # the server's silence on what it cannot store
    line = Timeline()
    line.online()
    uid = line.request()
    line.advance(10)
    line.say({"type": "items", "data": {}, "uid": uid})
    assert line.happened(Replied) == []
    assert line.core.deadline() is not None  # the heartbeat's, and nothing of the request's


def test_the_docs_spelt_access_token_otherwise() -> None:  # #19258
    given = asyncio.run(StaticToken("t").credentials(None))
    assert given is not None
    assert messages.auth(given.fields) == {"access_token": "t", "type": "auth"}


def test_it_reconnects_and_is_deaf() -> None:  # realtime-py#213, supabase-py#1311
    line = Timeline()
    line.online()
    subscription = line.subscribe()
    line.say(INIT)
    line.reconnect()
    line.say(INIT, created("heard"))
    assert created("heard") in drain(subscription)


def test_a_dead_socket_stays_open_for_minutes() -> None:  # graphql-ws#289, #487
    line = Timeline()
    line.online()
    line.advance(25)
    line.take()
    line.advance(5)
    assert line.states()[-1] == "waiting"
    line.retry()
    assert len(line.opened_at) == 2  # without a close event from the dead one


def test_an_error_of_one_subscription_ends_the_others() -> None:  # the JS SDK, read in its source
    line = Timeline()
    line.online()
    refused, other = line.subscribe(), line.subscribe()
    line.say(error("subscribe", "FORBIDDEN", uid=refused.uid), {**INIT, "uid": other.uid})
    assert refused.ended
    assert drain(other) == [{**INIT, "uid": other.uid}]
    assert not other.ended


def test_an_unsubscribed_one_comes_back_after_a_reconnect() -> None:  # the JS SDK, likewise
    line = Timeline()
    line.online()
    subscription = line.subscribe()
    line.say(INIT)
    line.unsubscribe(subscription)
    line.reconnect()
    assert line.take() == []
