"""How fresh what a program was given is: live only after a read that began after the last init."""

from typing import Any

import pytest
from directus_realtime.core.auth import Credentials
from directus_realtime.core.catch_up import GRACE
from directus_realtime.core.events import FreshnessChanged

from tests.support.timeline import AUTH_OK, Timeline, error

INIT = {"type": "subscription", "event": "init", "uid": "1"}


def page(line: Timeline, *rows: dict[str, Any]) -> None:
    """Answer the read that was asked for last."""
    line.say({"type": "items", "data": list(rows), "uid": line.take()[-1]["uid"]})


def online(**options: Any) -> Timeline:
    line = Timeline(**options)
    line.connect()
    line.core.prepared(line.number, Credentials({"access_token": "a"}, refreshable=True))
    line.accept()
    return line


def fresh(line: Timeline) -> str:
    """The freshness; what was told last is the same."""
    told = line.happened(FreshnessChanged)
    assert line.core.freshness == (told[-1].freshness if told else "stale")
    return line.core.freshness


def test_without_subscriptions_it_is_that_of_the_connection() -> None:
    line = Timeline()
    assert fresh(line) == "stale"
    line.online()
    assert fresh(line) == "live"


def test_a_recovering_subscription_is_live_when_the_last_page_was_taken_in() -> None:
    line = online()
    subscription = line.subscribe(recover="id", since=None, margin=2)
    assert fresh(line) == subscription.freshness == "loading"
    line.say(INIT)
    assert fresh(line) == "catching up"
    page(line, {"id": 1}, {"id": 2})
    line.read(subscription)
    assert fresh(line) == "catching up"
    page(line)
    assert fresh(line) == "live"


def test_it_is_not_live_while_rows_wait_for_their_event() -> None:
    line = online()
    line.subscribe(recover="id", since=None)
    line.say(INIT)
    page(line, {"id": 1})
    assert fresh(line) == "catching up"
    line.advance(GRACE)
    assert fresh(line) == "live"


@pytest.mark.parametrize("cause", ["cut", "expired", "refused"])
def test_it_is_stale_until_it_has_caught_up_again(cause: str) -> None:
    line = online()
    line.subscribe(recover="id", since=None)
    line.say(INIT)
    page(line)
    if cause == "expired":
        line.say(error("auth", "TOKEN_EXPIRED"))
        assert fresh(line) == "stale"
        line.core.refresh(line.number, Credentials({"access_token": "b"}))
        line.step()
        line.say(AUTH_OK)
    else:
        line.reconnect()
        assert fresh(line) == "stale"
        if cause == "refused":
            line.say(error("subscribe", "FORBIDDEN", uid="1"))
            assert fresh(line) == "stale"
            line.advance(0.25)
        line.say(INIT)
    assert fresh(line) == "catching up"
    page(line)
    assert fresh(line) == "live"


def test_a_plain_one_is_live_until_it_may_have_missed_something() -> None:
    line = online()
    line.subscribe()
    line.say(INIT)
    assert fresh(line) == "live"
    line.reconnect()
    line.say(INIT)
    assert fresh(line) == "stale"


def test_a_plain_subscription_is_live_again_once_its_program_has_read_what_it_missed() -> None:
    line = online()
    subscription = line.subscribe()
    line.say(INIT)
    line.reconnect()
    subscription.caught_up()  # which says nothing of what is missed until the init
    line.say(INIT)
    assert fresh(line) == "stale"
    subscription.caught_up()
    line.step()
    assert fresh(line) == "live"


def test_the_worst_of_several_counts_and_one_that_has_ended_does_not() -> None:
    line = online()
    first, second = line.subscribe(), line.subscribe()
    line.say(INIT)
    assert fresh(line) == "loading"
    line.unsubscribe(second)
    assert fresh(line) == first.freshness == "live"


def test_requests_without_an_outcome_and_the_last_ping_are_counted() -> None:
    line = online()
    line.request()
    line.core.send({"type": "items"}, line.now)
    assert (line.core.pending, line.core.round_trip) == (1, None)
    line.advance(9)
    line.cut()
    line.request()
    assert line.core.pending == 1
    line.retry()
    line.take()
    line.accept()
    line.take()
    line.core.wake(line.now)
    line.step()
    (ping,) = line.take()
    line.now += 0.5
    line.say({"type": "pong", "uid": ping["uid"]})
    assert line.core.round_trip == 0.5


def test_connect_while_a_retry_has_its_time_tries_at_once() -> None:
    line = online()
    line.cut()
    line.connect()
    assert len(line.opened_at) == 2


def test_it_is_live_again_when_the_event_of_a_row_that_waits_has_come() -> None:
    line = online()
    line.subscribe(recover="id", since=None)
    line.say(INIT)
    page(line, {"id": 1})
    line.say({"type": "subscription", "event": "create", "data": [{"id": 1}], "uid": "1"})
    assert fresh(line) == "live"


def test_a_plain_one_is_stale_after_an_expiry_too() -> None:
    line = online()
    line.subscribe()
    line.say(INIT, error("auth", "TOKEN_EXPIRED"))
    line.core.refresh(line.number, Credentials({"access_token": "b"}))
    line.step()
    line.say(AUTH_OK)
    assert fresh(line) == "stale"


def test_one_whose_missed_rows_cannot_be_read_is_stale() -> None:
    line = online()
    line.subscribe(recover="id", since=5)
    line.say(INIT)
    line.say(error("items", "FORBIDDEN", uid=line.take()[-1]["uid"]))
    assert fresh(line) == "stale"


def test_one_that_waits_for_its_uid_counts_too() -> None:
    line = online()
    line.unsubscribe(line.subscribe(uid="x"))
    line.subscribe(uid="x")
    assert fresh(line) == "loading"
