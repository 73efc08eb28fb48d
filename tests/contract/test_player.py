"""The player finds every difference, shown by a server that follows the recording but for one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.contract.bindings import Bindings
from tests.contract.player import Difference, Player, Target
from tests.contract.recording import Scenario, read
from tests.contract.scripted import Answers, scripted
from tests.support import plain_http

SCENARIOS = {scenario.name: scenario for scenario in read()}
CREATED = {
    "id": 4,
    "date_created": "2027-02-03T04:05:06.007Z",
    "text": "Hello World!",
    "user": "Ben",
}
EVENT = {
    "type": "subscription",
    "event": "create",
    "data": [{"user": "Ben", "text": "Hello World!"}],
}
EVENT |= {"uid": "1"}
REPLY = {"type": "items", "data": CREATED, "uid": "2"}
OK = {"type": "auth", "status": "ok"}
REFUSED = {
    "type": "auth",
    "status": "error",
    "error": {"code": "AUTH_FAILED", "message": "Authentication handshake failed."},
}


def play(name: str, answers: Answers) -> None:
    asyncio.run(_play(SCENARIOS[name], answers))


async def _play(scenario: Scenario, answers: Answers) -> None:
    async with scripted(scenario.steps, answers) as url, plain_http.async_client() as http:
        bindings = Bindings(scenario, http, {}, frozenset())
        await Player(scenario, Target(url), http, bindings).play()


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("quickstart-subscribe-then-create", {}),
        ("quickstart-subscribe-then-create", {5: [EVENT, REPLY]}),
        ("quickstart-subscribe-then-create", {5: [REPLY, EVENT]}),
        ("reauth-malformed-is-silent", {}),
    ],
    ids=["recorded", "other time", "author's race", "silence"],
)
def test_passes_what_was_recorded(name: str, answers: Answers) -> None:
    play(name, answers)


def test_finds_another_close() -> None:
    with pytest.raises(Difference, match=r"auth-bad-token, step 3\n  expected: close"):
        play("auth-bad-token", {1: [REFUSED, {"code": 1000, "reason": ""}]})


def without(frame: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in frame.items() if name != key}


@pytest.mark.parametrize(
    ("frames", "number"),
    [
        ([EVENT | {"uid": 1}, REPLY], 6),
        ([EVENT | {"data": [{"text": "Hello World!", "user": "Ben"}]}, REPLY], 6),
        ([{"uid": "1"} | EVENT, REPLY], 6),
        ([EVENT, without(REPLY, "uid")], 7),
        ([EVENT, REPLY | {"data": CREATED | {"id": 5}}], 7),
        ([EVENT, REPLY | {"data": CREATED | {"date_created": "2027-02-03T04:05:06Z"}}], 7),
        ([EVENT, REPLY | {"data": CREATED | {"date_created": None}}], 7),
        ([EVENT, REPLY | {"data": without(CREATED, "date_created")}], 7),
        ([EVENT, REPLY | {"data": CREATED | {"more": 1}}], 7),
        ([EVENT, EVENT, REPLY], 7),
        ([EVENT, {"code": 1000, "reason": ""}], 7),
    ],
)
def test_names_the_step_that_differs(frames: Sequence[Any], number: int) -> None:
    with pytest.raises(Difference, match=rf"^quickstart-subscribe-then-create, step {number}\n"):
        play("quickstart-subscribe-then-create", {5: frames})


def test_finds_what_comes_after_the_last_step() -> None:
    with pytest.raises(Difference, match="after the last step"):
        play("quickstart-subscribe-then-create", {5: [EVENT, REPLY, EVENT]})


def test_finds_what_breaks_a_silence() -> None:
    with pytest.raises(Difference, match=r"step 6\n  expected: nothing\n  got: .*pong"):
        play("reauth-malformed-is-silent", {5: [{"type": "pong"}]})


def test_finds_events_in_another_order() -> None:
    scenario = "event-create-many"
    recorded = [step.frame for step in SCENARIOS[scenario].steps if step.number > 5]
    first, second, third, reply = recorded
    play(scenario, {5: [first, reply, second, third]})
    with pytest.raises(Difference, match="step 6"):
        play(scenario, {5: [second, first, third, reply]})


def test_allows_no_race_to_others_than_the_author() -> None:
    scenario = "ping-pong-client"
    with pytest.raises(Difference, match="step 4"):
        play(scenario, {3: [{"type": "pong", "uid": "p"}], 5: [{"type": "pong"}]})


def test_finds_a_timer_that_is_early() -> None:
    with pytest.raises(Difference, match=r"step 3 came after 0\.\d\d s, not: 2\.0 s after"):
        play("heartbeat-any-message-counts", {})


def test_finds_a_key_that_changes() -> None:
    thing = {"id": "0b0e1f0a-0000-4000-8000-000000000001", "name": "u"}
    other = thing | {"id": "0b0e1f0a-0000-4000-8000-000000000002"}
    created = {"type": "items", "data": thing, "uid": "1"}
    init = {"type": "subscription", "event": "init", "data": other, "uid": "i"}
    with pytest.raises(Difference, match=r"step 6\n  \$\.data\.id was"):
        play("item-subscription-uuid", {3: [created], 5: [init]})
