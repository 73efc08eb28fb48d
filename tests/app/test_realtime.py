"""The driver over real sockets: CPython's transport and the embedded server."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.directus import (
    AuthenticationFailed,
    ConnectionFailed,
    DeliveryUnknown,
    NotConnected,
    RealtimeClient,
    ServerError,
    StateChanged,
    UsageError,
    realtime,
)
from tests.support.client import client, run
from tests.support.embedded import Embedded, free_port

QUERY = {"fields": ["user", "text"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    embedded = Embedded(tmp_path_factory.mktemp("server")).start()
    yield embedded
    embedded.stop()


async def state(directus: RealtimeClient, wanted: str) -> StateChanged:
    """Wait until the client changes to a state."""
    reached: asyncio.Future[StateChanged] = asyncio.get_running_loop().create_future()

    def watch(change: StateChanged) -> None:
        if change.state == wanted and not reached.done():
            reached.set_result(change)

    stop = directus.on_state(watch)
    try:
        return await reached
    finally:
        stop()


def test_the_guides_flow(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        seen: list[Any] = []
        directus.on_web_socket("open", lambda _: seen.append("open"))
        directus.on_web_socket("message", lambda message: seen.append(message["type"]))
        directus.on_web_socket("close", lambda _: seen.append("close"))
        await directus.connect()
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        assert (await anext(subscription))["event"] == "init"
        item = await directus.items("messages").create({"text": "Hello World!", "user": "Ben"})
        message = await anext(subscription)
        assert message["data"] == [{"user": "Ben", "text": "Hello World!"}]
        assert message.keys_of_data == (item["id"],)
        directus.disconnect()
        assert seen == ["auth", "open", "subscription", "subscription", "items", "close"]

    run(scene)


def test_items_are_created_and_read_single_several_and_by_query(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        messages = directus.items("messages")
        one = await messages.create({"text": "one"}, query={"fields": ["id", "text"]})
        assert set(one) == {"id", "text"}
        two, three = await messages.create([{"text": "two"}, {"text": "three"}])
        assert (await messages.read(id=one["id"]))["text"] == "one"
        several = await messages.read(ids=[two["id"], three["id"]])
        assert [item["text"] for item in several] == ["two", "three"]
        found = await messages.read({"filter": {"text": {"_eq": "two"}}, "fields": ["id"]})
        assert {"id": two["id"]} in found
        directus.disconnect()

    run(scene)


def test_an_error_of_the_server_is_raised_with_its_code(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        with pytest.raises(ServerError) as raised:
            await directus.items("nope").read()
        assert raised.value.code == "FORBIDDEN"
        directus.disconnect()

    run(scene)


def test_send_message_waits_for_nothing_and_subscribe_connects(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        data = {"text": "fire and forget"}
        directus.send_message(
            {"type": "items", "collection": "messages", "action": "create", "data": data}
        )
        assert (await anext(subscription))["event"] == "init"
        assert (await anext(subscription))["data"] == [{"user": None, "text": "fire and forget"}]
        directus.disconnect()

    run(scene)


def test_what_is_created_right_after_subscribe_is_not_missed(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        for number in range(20):
            subscription = await directus.subscribe("messages", event="create", query=QUERY)
            await directus.items("messages").create({"text": f"right after {number}"})
            assert (await anext(subscription))["event"] == "init"
            assert (await anext(subscription))["data"][0]["text"] == f"right after {number}"
            subscription.unsubscribe()
        directus.disconnect()

    run(scene)


def test_disconnect_while_subscribing_ends_the_subscribe(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        subscribing = asyncio.ensure_future(directus.subscribe("messages"))
        await asyncio.sleep(0)
        directus.disconnect()
        with pytest.raises(ConnectionFailed, match="disconnected"):
            await subscribing

    run(scene)


def test_a_refused_token_ends_in_one_error(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url, token="wrong")
        with pytest.raises(AuthenticationFailed, match="refused the token"):
            await directus.connect()
        assert directus.state == "failed"
        with pytest.raises(NotConnected):
            directus.send_message({"type": "ping"})

    run(scene)


def test_where_nothing_listens_connect_gives_up_in_time_and_leaves_nothing() -> None:
    async def scene() -> None:
        directus = client(f"http://127.0.0.1:{free_port()}")
        errors: list[Any] = []
        directus.on_web_socket("error", errors.append)
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await directus.connect(timeout=0.5)
        assert errors
        assert directus.state == "closed"

    run(scene)


def test_two_connects_share_one_connection(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        opened: list[Any] = []
        directus.on_web_socket("open", opened.append)
        await asyncio.gather(directus.connect(), directus.connect())
        assert len(opened) == 1
        directus.disconnect()

    run(scene)


def test_disconnect_while_connecting_ends_the_connect(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        connecting = asyncio.ensure_future(directus.connect())
        await state(directus, "connecting")
        directus.disconnect()
        with pytest.raises(ConnectionFailed, match="disconnected"):
            await connecting

    run(scene)


def test_a_server_killed_and_started_again_is_found_by_itself(tmp_path: Path) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await anext(subscription)
        waiting = asyncio.ensure_future(state(directus, "waiting"))
        server.kill()
        lost = await waiting
        assert "closed" in str(lost.error)
        back = asyncio.ensure_future(state(directus, "open"))
        await asyncio.to_thread(server.start)
        await back
        await directus.items("messages").create({"text": "after"})
        assert [(await anext(subscription))["event"] for _ in range(2)] == ["init", "create"]
        assert directus.stats()["reconnects"] == 1
        directus.disconnect()

    server = Embedded(tmp_path).start()
    try:
        run(scene)
    finally:
        server.stop()


def test_a_handler_that_fails_is_logged_and_disturbs_nothing(
    server: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        directus = client(server.url)
        directus.on_web_socket("open", lambda _: 1 / 0)
        await directus.connect()
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()

    run(scene)
    assert "ZeroDivisionError" in caplog.text


def test_a_handler_can_be_taken_away_and_may_call_the_client(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        seen: list[str] = []
        remove = directus.on_web_socket("message", lambda message: seen.append("removed"))
        remove()
        remove()
        directus.on_web_socket("open", lambda _: directus.send_message({"type": "ping"}))
        pong = asyncio.get_running_loop().create_future()
        directus.on_web_socket("message", lambda m: m["type"] == "pong" and pong.set_result(m))
        await directus.connect()
        assert await pong == {"type": "pong", "uid": "1"}
        assert seen == []
        directus.disconnect()

    run(scene)


def test_unsubscribe_ends_the_iteration(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        subscription = await directus.subscribe("messages", event="create")
        read = [message["event"] async for message in _until_init(subscription)]
        assert read == ["init"]
        directus.disconnect()

    async def _until_init(subscription: Any) -> Any:
        async for message in subscription:
            yield message
            subscription.unsubscribe()

    run(scene)


def test_requests_are_answered_after_an_unsubscribe(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        subscription = await directus.subscribe("messages", event="create")
        subscription.unsubscribe()
        assert await directus.items("messages").read({"limit": 0}, timeout=5) == []
        directus.disconnect()

    run(scene)


def test_a_cancelled_reader_loses_nothing(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url)
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await anext(subscription)
        reader = asyncio.ensure_future(anext(subscription))
        await directus.items("messages").read({"limit": 0})
        reader.cancel()
        await directus.items("messages").create({"text": "kept"})
        assert (await anext(subscription))["data"][0]["text"] == "kept"
        directus.disconnect()

    run(scene)


def test_an_unanswered_write_is_unknown_after_a_cut(tmp_path: Path) -> None:
    async def scene() -> None:
        directus = client(server.url)
        await directus.connect()
        writing = asyncio.ensure_future(directus.items("messages").create({"text": "x"}))
        await asyncio.sleep(0)
        directus.disconnect()
        with pytest.raises(DeliveryUnknown, match="read the collection"):
            await writing

    server = Embedded(tmp_path).start()
    try:
        run(scene)
    finally:
        server.stop()


def test_strict_mode_carries_the_token_in_the_address(tmp_path: Path) -> None:
    async def scene() -> None:
        directus = client(server.url, token="a+token/with-ü&=", auth_mode="strict")
        await directus.connect()
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()
        refused = client(server.url, token="wrong", auth_mode="strict")
        with pytest.raises(AuthenticationFailed, match="refused the token"):
            await refused.connect()
        other_mode = client(server.url, token="a+token/with-ü&=", auth_mode="public")
        with pytest.raises(ConnectionFailed, match='expects the auth mode "strict"'):
            await other_mode.connect(timeout=1)

    server = Embedded(tmp_path, "--auth", "strict", "--token", "a+token/with-ü&=").start()
    try:
        run(scene)
    finally:
        server.stop()


def test_a_wrong_option_is_told_at_once() -> None:
    with pytest.raises(UsageError, match="handshake"):
        realtime(auth_mode="none")
    with pytest.raises(UsageError, match="message"):
        client("http://localhost").on_web_socket("messages", print)


def test_debug_logging_shows_frames_and_states_and_no_secret(
    server: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        directus = client(server.url, debug=True)
        await directus.connect()
        directus.disconnect()

    caplog.set_level("WARNING", logger="directus")  # what it was before is put back in the end
    caplog.handler.setLevel("DEBUG")
    run(scene)
    assert caplog.messages[1:] == [
        f"= opening {server.url.replace('http', 'ws')}/websocket",
        "= authenticating (socket opened)",
        '> {"access_token":"***","type":"auth"}',
        '< {"type":"auth","status":"ok"}',
        "= open (ready)",
        "= closed (disconnect)",
    ]


def test_debug_logging_is_seen_where_the_program_has_set_up_none() -> None:
    log = "import logging; logging.getLogger('directus').debug('seen')"
    code = f"from app.directus import realtime; realtime(debug=True); {log}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "seen\n"
