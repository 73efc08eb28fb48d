"""What `inspect` says, and the faults that `cut` and `offline` make."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from directus_realtime import Inspection, RealtimeClient, StateChanged
from directus_realtime.recorder import FRAMES, Recorder

from tests.support.client import client, make, run
from tests.support.embedded import TOKEN, Embedded
from tests.support.timeline import Timeline


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with Embedded(tmp_path_factory.mktemp("server")) as embedded:
        yield embedded


def frames(seen: Inspection) -> list[tuple[str, Any]]:
    return [(frame["direction"], json.loads(frame["text"])) for frame in seen["frames"]]


def latencies(recorder: Recorder) -> list[bool]:
    """Which frames answer one that was recorded."""
    return [frame["latency"] is not None for frame in recorder.frames()]


async def state_is(directus: RealtimeClient, state: str) -> None:
    reached = asyncio.get_running_loop().create_future()

    def look(change: StateChanged) -> None:
        if change.state == state and not reached.done():
            reached.set_result(None)

    stop = directus.on_state(look)
    await reached
    stop()


def test_frames_are_recorded_from_the_first_call_on_with_times_and_without_secrets(
    server: Embedded,
) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        (key,) = await make(directus, "before")
        began = time.time()
        first = directus.inspect()
        assert first["frames"] == []
        assert (first["state"], first["reason"], first["freshness"]) == ("open", None, "live")
        assert (first["subscriptions"], first["requests"]) == ([], [])
        messages = directus.items("messages")
        item = await messages.read(id=key)
        seen = directus.inspect()
        (_, asked), (_, answer) = frames(seen)
        assert (asked["action"], asked["id"]) == ("read", key)
        assert answer == {"type": "items", "data": item, "uid": asked["uid"]}
        sent, received = seen["frames"]
        assert [sent["direction"], received["direction"]] == ["sent", "received"]
        assert began <= sent["at"] <= received["at"] <= time.time()
        assert sent["latency"] is None
        assert received["latency"] is not None
        assert 0 < received["latency"] <= time.time() - began
        directus.disconnect()
        await directus.connect()
        told = json.dumps(directus.inspect()["frames"])
        assert TOKEN not in told
        assert "access_token" in told
        assert first["frames"] == []  # what was returned does not change
        directus.disconnect()

    run(scene)


def test_subscriptions_show_their_state_and_their_mark(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        (last,) = await make(directus, "the last one so far")
        subscription = await directus.subscribe("messages", event="create", uid="mine")
        plain = await directus.subscribe("messages", uid="plain")
        await anext(subscription)
        await anext(plain)
        mine, other = directus.inspect()["subscriptions"]
        assert mine["mark"] == last
        assert mine == {
            **{"uid": "mine", "collection": "messages", "event": "create", "mark": last},
            **{"state": mine["state"], "freshness": mine["freshness"]},
            **{"recovered": 0, "buffered": 0},
        }
        assert mine["state"] in ("catching up", "live")
        assert (other["event"], other["state"], other["mark"]) == (None, "live", None)
        (new,) = await make(directus, "a newer one")
        await anext(subscription)
        assert directus.inspect()["subscriptions"][0]["mark"] == new
        subscription.unsubscribe()
        left, _ = directus.inspect()["subscriptions"]
        assert left["state"] == "leaving"
        directus.disconnect()

    run(scene)


def test_a_cut_is_seen_and_the_client_comes_back(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        closed: list[int] = []
        directus.on_web_socket("close", lambda event: closed.append(event.code))
        directus.cut()
        assert closed == [1006]
        seen = directus.inspect()
        assert (seen["state"], seen["reason"]) == ("waiting", "The connection was cut by `cut()`.")
        await state_is(directus, "open")
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()
        directus.cut()
        assert directus.state == "closed"

    run(scene)


def test_offline_lasts_until_online_and_what_waits_is_shown(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url, queue_timeout=60)
        await directus.connect()
        directus.offline()
        assert directus.state == "waiting"
        await state_is(directus, "connecting")  # a retry, which fails
        assert directus.state == "waiting"
        create = asyncio.ensure_future(make(directus, "written offline"))
        await asyncio.sleep(0)
        directus.send_message({"type": "ping", "uid": "p"})
        seen = directus.inspect()
        assert seen["reason"] == "The client is offline by `offline()`: `online()` ends that."
        waiting, ping = seen["requests"]
        assert waiting == {
            **{"uid": "1", "what": 'create in "messages"', "waits_for": "connection"},
            "expires_in": waiting["expires_in"],
        }
        assert 59 < (waiting["expires_in"] or 0) <= 60
        assert (ping["what"], ping["expires_in"]) == ("message", None)
        directus.online()
        assert len(await create) == 1
        directus.disconnect()

    run(scene)


def test_connect_says_that_it_is_offline_by_offline(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        directus.offline()
        with pytest.raises(Exception, match=r"offline by `offline\(\)`"):
            await directus.connect(timeout=0.1)
        directus.online()
        assert directus.state == "closed"  # nobody wants a connection
        await directus.connect()
        directus.disconnect()

    run(scene)


def test_what_is_recorded_is_bounded() -> None:
    recorder = Recorder()
    for number in range(3 * FRAMES):
        recorder.sent(json.dumps({"uid": number, "text": "x" * 5000}))
    assert len(recorder.frames()) == FRAMES
    assert {len(frame["text"]) for frame in recorder.frames()} == {2001}
    assert len(recorder._asked) == FRAMES


def test_an_answer_is_timed_once_and_what_is_no_json_breaks_nothing() -> None:
    recorder = Recorder()
    for text in ('{"type":"auth"}', '{"uid":7}', "no JSON", "[1]"):
        recorder.sent(text)
    for text in ('{"type":"auth","status":"ok"}', '{"uid":"7"}', '{"uid":"7"}', '{"uid":"8"}'):
        recorder.received(text)
    assert latencies(recorder) == [False] * 4 + [True, True, False, False]


def test_a_secret_is_masked_also_where_the_frame_is_cut() -> None:
    recorder = Recorder()
    recorder.sent(json.dumps({"x": "y" * 1980, "password": "p" * 5000}))
    assert "ppp" not in recorder.frames()[0]["text"]


def test_what_the_core_shows_of_its_requests() -> None:
    timeline = Timeline()
    timeline.connect()
    options: dict[str, Any] = {"what": "read", "repeatable": True, "quiet": False}
    timeline.core.request({"type": "items", "uid": "a"}, timeout=5, now=timeline.now, **options)
    timeline.core.send({"type": "ping"}, timeline.now)
    held = [(r["uid"], r["waits_for"], r["expires_in"]) for r in timeline.core.requests(1000.0)]
    assert held == [("a", "connection", None), ("1", "connection", None)]
    timeline.accept()
    written = timeline.core.requests(timeline.now)
    assert [(r["uid"], r["waits_for"], r["expires_in"]) for r in written] == [("a", "answer", 5.0)]
