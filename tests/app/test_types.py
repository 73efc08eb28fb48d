"""The types that users annotate with say what happens at run time."""

from typing import get_args

from directus_realtime import (
    AuthMode,
    EventName,
    State,
    SubscriptionMessage,
    keys_of,
)
from directus_realtime.core import states
from directus_realtime.realtime import AUTH_MODES

MESSAGES = get_args(SubscriptionMessage)


def test_the_states_are_the_cores() -> None:
    assert get_args(State) == tuple(state.value for state in states.State)


def test_the_auth_modes_are_those_that_are_taken() -> None:
    assert get_args(AuthMode) == AUTH_MODES == ("handshake", "strict", "public")


def test_there_is_a_message_for_the_init_and_for_each_event() -> None:
    events = [get_args(message.__annotations__["event"])[0] for message in MESSAGES]
    assert events == ["init", *get_args(EventName)]


def test_a_message_without_recovery_tells_no_keys() -> None:
    assert keys_of({"type": "subscription", "event": "create", "data": [{"id": 1}]}) == ()
