"""The worst that a client can send: what it costs the event loop's thread, and how it is refused.

Measured is the processor time of that thread, which other processes do not change.
"""

import asyncio
import contextlib
import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import websockets
from websockets.asyncio.client import ClientConnection

from server.background import EmbeddedServer
from server.config import MAX_FRAME_SIZE, MAX_SUBSCRIPTIONS, MAX_UNAUTHENTICATED_SIZE
from server.websocket.session import Session
from tests.server.people import client
from tests.server.sockets import AUTH, BEARER, Start, connect, say
from tests.support import plain_http

MOST = 0.1  # seconds
LONGEST = 15_000  # characters of an address: with a head of more than 16 KiB, HTTP ends
ATTEMPTS = 3  # of which the best counts: a shared processor is slow at times
MESSAGES = {"collection": "messages"}
CREATE = {"type": "items", **MESSAGES, "action": "create"}
READ = {"type": "items", **MESSAGES, "action": "read"}
SUBSCRIBE = {"type": "subscribe", **MESSAGES, "event": "create"}
JSON = {"Content-Type": "application/json"}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the clock of a thread")


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """Collect no garbage: that of the test and of its clients is in this process too."""
    # Frozen, what pytest and other tests hold is not looked through each time.
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


def filled(piece: str, size: int) -> str:
    """Return a list of ``piece`` of about ``size`` characters."""
    return f"[{piece * (size // len(piece))}1]"


def texts(size: int) -> dict[str, str]:
    return {
        "lists": filled("[],", size),
        "objects": filled("{},", size),
        "texts": filled('"",', size),
        "numbers": filled("1,", size),
        "long numbers": filled("9" * 4_000 + ",", size),
        "escapes": '"' + "\\n" * (size // 2 - 1) + '"',
        "backslashes": filled('"\\\\\\\\",', size),
        "deep": filled("[" * 90 + "]" * 90 + ",", size),
        "as many values as allowed": filled('"' + "\\n," * 20 + '",', min(size, 49_000 * 63)),
        "quotation marks": '["' + '"' * (size - 2),
        "brackets": "[" * size,
        "a missing comma": f"[{','.join(['[]', chr(34) * 2] * min(size // 6, 15_000))} 1]",
        "unfinished": '["",' * (size // 4),
    }


Conversation = Callable[[], Coroutine[Any, Any, Any]]


class Meter:
    """The processor time that the event loop's thread of a server takes."""

    def __init__(self, server: EmbeddedServer) -> None:
        ident = server._thread.ident
        assert ident is not None, "the server does not run"
        self._clock = time.pthread_getcpuclockid(ident)

    async def of(self, request: Conversation) -> float:
        taken = []
        for _ in range(ATTEMPTS):
            before = time.clock_gettime(self._clock)
            await request()
            taken.append(time.clock_gettime(self._clock) - before)
            if taken[-1] < MOST:
                break
        return min(taken)


class Steps:
    """The longest step of the event loop's thread of a server, in processor time."""

    def __init__(self, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._longest = 0.0
        run, ident = asyncio.Handle._run, server._thread.ident

        def measured(handle: asyncio.Handle) -> None:
            before = time.thread_time()
            run(handle)
            if threading.get_ident() == ident:
                self._longest = max(self._longest, time.thread_time() - before)

        monkeypatch.setattr(asyncio.Handle, "_run", measured)

    async def of(self, conversation: Conversation) -> float:
        longest = []
        for _ in range(ATTEMPTS):
            self._longest = 0.0
            await conversation()
            longest.append(self._longest)
            if longest[-1] < MOST:
                break
        return min(longest)


async def answered(socket: ClientConnection, text: str) -> Any:
    """Send ``text`` and a ping; return what came before the pong."""
    await socket.send(text)
    await socket.send('{"type":"ping","uid":"after"}')
    before = []
    while (frame := json.loads(await socket.recv())).get("uid") != "after":
        before.append(frame)
    return before


FRAMES = {
    **{
        f"data of {n}": f'{{"type":"no","data":{t}}}'
        for n, t in texts(MAX_FRAME_SIZE - 100).items()
    },
    "names in fields": json.dumps({**READ, "query": {"fields": ["id,"] * 49_000}}),
    "names in a text": json.dumps({**READ, "query": {"fields": "id," * 900_000}}),
    "names in sort": json.dumps({**READ, "query": {"sort": "-id," * 700_000}}),
    "many conditions": json.dumps({**READ, "query": {"filter": {"_or": [{"id": 1}] * 24_000}}}),
    "long paths": json.dumps(
        {**READ, "query": {"filter": {"x" * 500_000: {f"a{n}": 1 for n in range(20_000)}}}}
    ),
    "many values": json.dumps({**READ, "query": {"filter": {"id": {"_in": [7] * 49_000}}}}),
    "a long pattern": json.dumps({**READ, "query": {"search": "%_" * 1_000_000}}),
    "a long uid": json.dumps({**SUBSCRIBE, "uid": "u" * 3_000_000}),
    "many items": json.dumps({**CREATE, "data": [{}] * 1_000, "query": {"fields": []}}),
    "too many items": json.dumps({**CREATE, "data": [{}] * 24_000}),
    "many keys": json.dumps({**READ, "ids": list(range(49_000)), "query": {"fields": []}}),
    "a long e-mail": json.dumps(
        {"type": "auth", "email": "a@" + "a." * 1_000_000, "password": "p"}
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_no_frame_keeps_the_event_loop(start: Start, name: str) -> None:
    server = start(auth="public", max_payload_size=10)
    meter = Meter(server)

    async def run() -> None:
        path = f"/websocket?access_token={AUTH['access_token']}"
        async with asyncio.timeout(50), connect(server.address, path, max_size=None) as socket:
            assert await meter.of(lambda: answered(socket, FRAMES[name])) < MOST

    asyncio.run(run())


@pytest.mark.parametrize("name", texts(1))
@pytest.mark.parametrize("path", ["/auth/login", "/items/messages"])
def test_no_body_keeps_the_event_loop(start: Start, path: str, name: str) -> None:
    server = start(login_stall_time=0)
    body = texts(1_048_000)[name]

    async def run() -> None:
        async with plain_http.async_client(base_url=server.url, timeout=50) as http:
            headers = JSON if path == "/auth/login" else {**JSON, **BEARER}

            async def post() -> None:
                answer = await http.post(path, content=body, headers=headers)
                assert answer.status_code == 400
                assert answer.json()["errors"][0]["extensions"]["code"] == "INVALID_PAYLOAD"

            assert await Meter(server).of(post) < MOST

    asyncio.run(run())


@pytest.mark.parametrize("name", texts(1))
def test_a_body_of_those_who_have_not_signed_in_is_small(start: Start, name: str) -> None:
    body = texts(MAX_UNAUTHENTICATED_SIZE + 100)[name].ljust(MAX_UNAUTHENTICATED_SIZE + 1)
    with client(start().address) as http:
        for path in ("/auth/login", "/auth/refresh", "/auth/logout", "/items/messages"):
            answer = http.post(path, content=body, headers=JSON)
            (error,) = answer.json()["errors"]
            assert error["message"] == "Invalid payload. request entity too large."


@pytest.mark.parametrize(
    "target",
    [
        "/items/messages?filter" + "[" * LONGEST,
        "/items/messages?" + "a=1&" * (LONGEST // 4),
        "/items/messages?" + "filter[a]=1&" * (LONGEST // 12),
        "/items/messages?fields=" + "id," * (LONGEST // 3),
        "/items/messages?filter" + "[a]" * 330,
        "/items/messages?filter" + "[]" * 490,
        "/items/" + "a" * LONGEST,
        "/users/me?access_token=" + "a." * (LONGEST // 2),
    ],
    ids=lambda target: target[:30],
)
def test_no_address_keeps_the_event_loop(start: Start, target: str) -> None:
    server = start()

    async def run() -> None:
        async with plain_http.async_client(base_url=server.url, timeout=50) as http:

            async def get() -> None:
                request = http.build_request("GET", "/", headers=BEARER)
                request.extensions = {**request.extensions, "target": target.encode()}
                response = await http.send(request)
                assert response.status_code < 500
                assert response.headers["content-type"] == "application/json; charset=utf-8"

            assert await Meter(server).of(get) < MOST

    asyncio.run(run())


def test_a_frame_of_those_who_have_not_signed_in_is_small(start: Start) -> None:
    server = start()
    size = MAX_UNAUTHENTICATED_SIZE

    async def run() -> None:
        meter = Meter(server)

        async def send(text: str) -> None:
            async with connect(server.address) as socket:
                await socket.send(text)
                with pytest.raises(websockets.ConnectionClosedError):
                    await socket.recv()
                assert socket.close_code == 1009

        async with asyncio.timeout(20):
            for text in ("x" * (size + 1), filled("[],", 21_000_000), filled('"",', 21_000_000)):
                assert await meter.of(lambda text=text: send(text)) < MOST  # type: ignore[misc]
            async with connect(server.address) as socket:
                await socket.send(json.dumps(AUTH).ljust(size))
                assert json.loads(await socket.recv())["status"] == "ok"
                await socket.send(json.dumps(READ).ljust(size + 1))
                assert json.loads(await socket.recv())["data"] == []

    asyncio.run(run())


def test_a_frame_of_those_who_have_signed_in_is_bounded_too(start: Start) -> None:
    async def run() -> None:
        path = f"/websocket?access_token={AUTH['access_token']}"
        async with asyncio.timeout(20), connect(start().address, path) as socket:
            assert await answered(socket, json.dumps(READ).ljust(MAX_FRAME_SIZE)) == []
            await socket.send("x" * (MAX_FRAME_SIZE + 1))
            await socket.wait_closed()
            assert socket.close_code == 1009

    asyncio.run(run())


def masked(head: bytes, payload: bytes = b"") -> bytes:
    return bytes([head[0], 0x80 | len(payload)]) + bytes(4) + payload


@pytest.mark.parametrize(
    "burst",
    [
        masked(b"\x81", b"{}"),
        masked(b"\x81", b'{"type":"ping"}'),
        masked(b"\x89"),
        masked(b"\x8a"),
        masked(b"\x81", b'{"type":"subscribe","collection":"no","uid":1}'),
    ],
    ids=["objects", "pings", "control pings", "control pongs", "subscriptions"],
)
def test_many_frames_at_once_give_way(
    start: Start, burst: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()
    steps = Steps(server, monkeypatch)

    async def talk() -> None:
        path = f"/websocket?access_token={AUTH['access_token']}"
        async with asyncio.timeout(50), connect(server.address, path) as socket:
            socket.transport.write(burst * (250_000 // len(burst)))
            assert (await answered(socket, "{}"))[-1]["status"] == "error"

    assert asyncio.run(steps.of(talk)) < MOST


def test_few_frames_are_handled_in_one_step(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where much is read at once."""
    monkeypatch.setattr("server.websocket.http_protocol._READ_AT_ONCE", 262_144)
    server = start()
    run, receive, ident = asyncio.Handle._run, Session.receive, server._thread.ident
    frames = most = 0

    def one_step(handle: asyncio.Handle) -> None:
        nonlocal most
        before = frames
        run(handle)
        if threading.get_ident() == ident:
            most = max(most, frames - before)

    def counted(*parts: Any) -> Any:
        nonlocal frames
        frames += 1
        return receive(*parts)

    monkeypatch.setattr(asyncio.Handle, "_run", one_step)
    monkeypatch.setattr(Session, "receive", counted)

    async def talk() -> None:
        path = f"/websocket?access_token={AUTH['access_token']}"
        async with asyncio.timeout(20), connect(server.address, path) as socket:
            socket.transport.write(masked(b"\x81", b"{}") * 5_000)
            assert (await answered(socket, "{}"))[-1]["status"] == "error"

    asyncio.run(talk())
    assert frames == 5_002
    assert most <= 16


def test_a_body_of_many_chunks_gives_way(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    steps = Steps(server, monkeypatch)

    head = (
        f"POST /items/messages HTTP/1.1\r\nHost: {server.address}\r\nTransfer-Encoding: chunked\r\n"
        f"Authorization: {BEARER['Authorization']}\r\nContent-Type: application/json\r\n\r\n"
    )
    body = b"".join(b"1\r\n%c\r\n" % letter for letter in b'{"text":"' + b"x" * 50_000 + b'"}')

    async def send() -> None:
        host, port = server.address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body + b"0\r\n\r\n")
        assert b"200 OK" in await reader.readline()
        writer.close()

    assert asyncio.run(steps.of(send)) < MOST


def test_a_large_reply_gives_way(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    steps = Steps(server, monkeypatch)
    letter = "\u00e9"

    async def talk() -> None:
        async with asyncio.timeout(50), connect(server.address, max_size=None) as socket:
            await say(socket, AUTH)
            for _ in range(50):
                await say(socket, {**CREATE, "data": {"text": letter * 400_000}})
            reply = await say(socket, {**READ, "query": {"limit": 50}})
            assert [len(row["text"]) for row in reply["data"]] == [400_000] * 50
        async with plain_http.async_client(base_url=server.url, headers=BEARER, timeout=50) as http:
            answer = await http.get("/items/messages?limit=50")
            assert len(answer.json()["data"]) == 50

    assert asyncio.run(steps.of(talk)) < MOST


def test_no_message_of_many_fragments(start: Start) -> None:
    async def run() -> None:
        async with connect(start(auth="public").address) as socket:
            with contextlib.suppress(websockets.ConnectionClosedError):
                await socket.send([""] * 5_000)
            await socket.wait_closed()
            assert socket.close_code == 1009

    asyncio.run(run())


def test_subscriptions_of_a_socket_have_a_limit(start: Start) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), connect(start().address) as socket:
            await say(socket, AUTH)
            for number in range(MAX_SUBSCRIPTIONS):
                reply = await say(socket, {**SUBSCRIBE, "uid": number})
                assert reply["event"] == "init"
            refused = {
                "type": "subscribe",
                "status": "error",
                "error": {"code": "LIMIT_EXCEEDED", "message": "Subscriptions limit exceeded."},
                "uid": "more",
            }
            assert await say(socket, {**SUBSCRIBE, "uid": "more"}) == refused
            snapshot = {**SUBSCRIBE, "uid": "more"}
            del snapshot["event"]
            assert await say(socket, snapshot) == refused
            # One that takes another's place is no further one.
            assert (await say(socket, {**SUBSCRIBE, "uid": 0}))["event"] == "init"
            await say(socket, {"type": "unsubscribe", "uid": 0})
            # Those whose rows are read at the same time count too.
            for number in range(3):
                await socket.send(json.dumps({**snapshot, "uid": f"late {number}"}))
            late = [json.loads(await socket.recv()) for _ in range(3)]
            assert sum("error" in each for each in late) == 2

    asyncio.run(run())


def test_the_uid_of_a_subscription_is_short(start: Start) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), connect(start().address) as socket:
            await say(socket, AUTH)
            assert (await say(socket, {**SUBSCRIBE, "uid": "u" * 255}))["event"] == "init"
            reply = await say(socket, {**SUBSCRIBE, "uid": "u" * 256})
            assert reply["error"]["code"] == "INVALID_PAYLOAD"

    asyncio.run(run())


def test_one_request_writes_no_more_than_a_batch(start: Start) -> None:
    async def run() -> None:
        async with asyncio.timeout(20), connect(start().address, max_size=None) as socket:
            await say(socket, AUTH)
            reply = await say(socket, {**CREATE, "data": [{}] * 1_001})
            assert reply["error"] == {
                "code": "INVALID_PAYLOAD",
                "message": "Invalid payload. Exceeded max batch mutation limit of 1000.",
            }
            assert len((await say(socket, {**CREATE, "data": [{}] * 1_000}))["data"]) == 1_000

    asyncio.run(run())
