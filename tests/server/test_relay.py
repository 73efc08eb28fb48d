"""The relay, over real sockets: before our own server, and before one that misbehaves on order."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from server import relay
from server.background import Background, EmbeddedServer
from server.config import Config
from tests.support import plain_http
from tests.support.background import server_for
from tests.support.embedded import ROOT, TOKEN, free_port
from web.delivery import routes
from web.site import Site

MEGABYTE = "x" * 1_000_000
BOUND = 64  # megabytes: what the buffers of two connections and two kernels may hold


@dataclass
class Upstream:
    """A stand-in for Directus, told by the query string of a socket how to behave."""

    seen: dict[str, Any] = field(default_factory=dict)
    event: threading.Event = field(default_factory=threading.Event)

    def app(self) -> Starlette:
        methods = ["GET", "POST", "SEARCH"]
        return Starlette(
            routes=[
                WebSocketRoute("/prefix/websocket", self.socket),
                Route("/prefix/items/echo", self.echo, methods=methods),
                Route("/prefix/items/stream", self.stream, methods=methods),
            ]
        )

    async def echo(self, request: Request) -> Response:
        body = (await request.body()).decode()
        told = {"path": request.url.path, "query": request.url.query, "method": request.method}
        response = JSONResponse({**told, "body": body, "headers": dict(request.headers)}, 418)
        response.headers.append("Set-Cookie", "a=1")
        response.headers.append("Set-Cookie", "b=2")
        response.headers.append("Keep-Alive", "timeout=5")
        return response

    async def stream(self, request: Request) -> Response:
        """Tell that the beginning of a body is there; answer in two parts, on order."""
        async for _ in request.stream():
            self.event.set()

        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            self.event.clear()
            await asyncio.to_thread(self.event.wait, 10)
            yield b"second"

        return StreamingResponse(parts())

    async def socket(self, websocket: WebSocket) -> None:
        self.seen = dict(websocket.headers) | {"query": websocket.url.query}
        how = websocket.query_params.get("how", "")
        if how.isdecimal():
            return await websocket.send_denial_response(Response(status_code=int(how)))
        if how == "leave_unanswered":
            return await asyncio.sleep(10)
        await websocket.accept(subprotocol=next(iter(websocket.scope["subprotocols"]), None))
        await getattr(self, f"_{how or 'echo'}")(websocket)

    async def _echo(self, websocket: WebSocket) -> None:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            await websocket.send({**message, "type": "websocket.send"})
        self.seen["closed"] = message["code"], message.get("reason")
        self.event.set()

    async def _drop(self, websocket: WebSocket) -> None:
        """Return without a close frame."""

    async def _bare(self, websocket: WebSocket) -> None:
        await websocket.send({"type": "websocket.close", "code": None, "reason": ""})

    async def _code(self, websocket: WebSocket) -> None:
        await websocket.close(4001, "because")

    async def _deaf(self, websocket: WebSocket) -> None:
        await asyncio.to_thread(self.event.wait, 10)

    async def _flood(self, websocket: WebSocket) -> None:
        """Write until a second passes without room for more."""
        self.seen["written"] = 0
        try:
            while self.seen["written"] < 4 * BOUND:
                await asyncio.wait_for(websocket.send_text(MEGABYTE), 1)
                self.seen["written"] += 1
        finally:
            self.event.set()


@dataclass(frozen=True)
class Relayed:
    """A relay and what is behind it."""

    url: str
    upstream: Upstream

    def socket(self, query: str = "", **options: Any) -> ClientConnection:
        address = f"ws{self.url.removeprefix('http')}/websocket{query}"
        socket: ClientConnection = connect(address, compression=None, ping_interval=None, **options)
        return socket


def relay_to(stack: ExitStack, url: str, folder: Path) -> str:
    """Start a relay and return its address."""
    config = Config(database=folder / "unused.db", directus=url)
    return stack.enter_context(EmbeddedServer(config, pages=routes(Site(ROOT)))).url


@pytest.fixture
def relayed(tmp_path: Path) -> Iterator[Relayed]:
    """A relay to the stand-in, which is at an address with a path."""
    upstream = Upstream()
    with ExitStack() as stack:
        behind = stack.enter_context(Background(server_for(upstream.app())))
        yield Relayed(relay_to(stack, f"{behind.url}/prefix", tmp_path), upstream)


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[str]:
    """The address of a relay to our own server."""
    with ExitStack() as stack:
        config = Config(database=tmp_path / "messages.db", auth="strict")
        behind = stack.enter_context(EmbeddedServer(config))
        yield relay_to(stack, behind.url, tmp_path)


def test_our_own_server_is_the_same_through_it(ours: str) -> None:
    address = f"ws{ours.removeprefix('http')}/websocket"
    with pytest.raises(InvalidStatus) as refusal:
        connect(address)
    assert refusal.value.response.status_code == 401
    with connect(f"{address}?access_token={TOKEN}", compression=None) as socket:
        socket.send(json.dumps({"type": "subscribe", "collection": "messages"}))
        assert json.loads(socket.recv(timeout=10))["event"] == "init"
        headers = {"Authorization": f"Bearer {TOKEN}"}
        item = {"text": "Grüße", "user": "Ben"}
        created = plain_http.post(f"{ours}/items/messages", json=item, headers=headers).json()[
            "data"
        ]
        assert json.loads(socket.recv(timeout=10))["data"] == [created]
    assert plain_http.get(f"{ours}/server/ping").text == "pong"
    assert "<title>" in plain_http.get(ours).text


def test_a_request_and_its_answer_pass_as_they_are(relayed: Relayed) -> None:
    answer = plain_http.request(
        "SEARCH",
        f"{relayed.url}/items/echo?filter[a]=%20b&fields=*",
        content="body",
        headers={"Origin": relayed.url, "Connection": "X-Gone", "X-Gone": "1"},
    )
    told = answer.json()
    headers = told.pop("headers")
    assert told == {
        "path": "/prefix/items/echo",
        "query": "filter[a]=%20b&fields=*",
        "method": "SEARCH",
        "body": "body",
    }
    assert answer.status_code == 418
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "keep-alive" not in answer.headers
    assert headers["host"] != httpx.URL(relayed.url).netloc.decode()
    assert headers["content-length"] == "4"
    assert not {"origin", "x-gone"} & set(headers)


def test_bodies_pass_as_they_come_in(relayed: Relayed) -> None:
    event = relayed.upstream.event

    def content() -> Iterator[bytes]:
        yield b"first"
        assert event.wait(10)
        yield b"second"

    with httpx.stream("POST", f"{relayed.url}/items/stream", content=content()) as answer:
        chunks = answer.iter_raw()
        assert next(chunks) == b"first"
        event.set()
        assert next(chunks) == b"second"


CLAIMS = {
    "Cookie": "other=secret; directus_session_token=s; x=y; directus_refresh_token=r; xdirectus_=1",
    "Forwarded": "for=10.0.0.1",
    "Via": "1.1 other",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "10.0.0.1",
}


def test_what_a_proxy_passes_on(relayed: Relayed) -> None:
    expecting = {**CLAIMS, "Expect": "100-continue"}
    told = plain_http.get(f"{relayed.url}/items/echo", headers=expecting).json()["headers"]
    assert "expect" not in told
    with relayed.socket(additional_headers=CLAIMS) as socket:
        socket.send("")
        socket.recv(timeout=10)
    for seen in (told, relayed.upstream.seen):
        assert seen["cookie"] == "directus_session_token=s; directus_refresh_token=r"
        assert seen["x-forwarded-for"] == "127.0.0.1"
        assert seen["x-forwarded-host"] == relayed.url.removeprefix("http://")
        assert seen["x-forwarded-proto"] == "http"
        assert not {"forwarded", "via", "x-real-ip"} & set(seen)


class Canned:
    """A server that gives every connection the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.received: list[bytes] = []
        self._answer = answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, suppress(OSError):
                    self.received.append(connection.recv(65_536))
                    connection.sendall(self._answer)

    def close(self) -> None:
        # Closing alone does not end accept().
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self._thread.join(10)


@contextmanager
def before(answer: bytes, folder: Path) -> Iterator[tuple[str, Canned]]:
    """Yield the address of a relay to a server that always gives ``answer``."""
    with ExitStack() as stack:
        canned = Canned(answer)
        stack.callback(canned.close)
        yield relay_to(stack, canned.url, folder), canned


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage",
        b"HTTP/1.1 700 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 20\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\x00: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
        b"\x16\x03\x01",
    ],
    ids=lambda answer: repr(answer[:30]),
)
def test_an_answer_that_is_no_http_is_a_sentence(
    answer: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with before(answer, tmp_path) as (url, canned):
        got = plain_http.get(f"{url}/items/echo?access_token=secret")
        assert got.status_code == 502, got.text
        (error,) = got.json()["errors"]
        assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
        assert error["message"].startswith(f"Directus at {canned.url} ")
        with pytest.raises(InvalidStatus, match="502"):
            Relayed(url, Upstream()).socket("?access_token=secret")
    assert all(record.exc_info is None for record in caplog.records)
    assert "secret" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, tmp_path: Path) -> None:
    thief = Canned(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    location = f"Location: {thief.url}/\r\n"
    answer = f"HTTP/1.1 {status} Moved\r\n{location}Content-Length: 0\r\n\r\n".encode()
    try:
        with before(answer, tmp_path) as (url, _):
            got = plain_http.get(f"{url}/items/echo", headers={"Authorization": "Bearer secret"})
            assert (got.status_code, got.headers["location"]) == (status, f"{thief.url}/")
            with pytest.raises(InvalidStatus, match="502"):
                Relayed(url, Upstream()).socket("?access_token=secret")
    finally:
        thief.close()
    assert thief.received == []


def test_an_answer_that_does_not_come_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "_ANSWER_TIMEOUT", 0.1)
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        url = relay_to(stack, f"http://127.0.0.1:{silent.getsockname()[1]}", tmp_path)
        got = plain_http.get(f"{url}/server/ping")
    assert got.status_code == 504
    assert "does not answer in time" in got.json()["errors"][0]["message"]
    assert all(record.exc_info is None for record in caplog.records)


def test_no_line_of_the_log_has_a_token(relayed: Relayed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert plain_http.get(f"{relayed.url}/items/echo?access_token=secret").status_code == 418
    with relayed.socket("?access_token=secret") as one:
        one.send("")
        one.recv(timeout=10)
    assert "secret" not in caplog.text


def test_an_answer_that_breaks_off_logs_no_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    with before(half, tmp_path) as (url, _), pytest.raises(httpx.RemoteProtocolError):
        plain_http.get(f"{url}/items/x%0Da%20line?access_token=secret")
    assert "broke off" in caplog.text
    assert r"x\ra line" in caplog.text, "a path makes no line of its own"
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/collections",
            "/collections/a",
            "/permissions/1",
            "/assets/a",
            "/graphql/a",
            "/files/a",
        ),
        *("/items/../collections", "/items/%2e%2e/collections", "/items/a/..", "/items/./a"),
    ],
)
def test_nothing_else_is_to_be_had_through_it(relayed: Relayed, path: str) -> None:
    request = httpx.Request("GET", relayed.url, extensions={"target": path.encode()})
    with plain_http.client() as client:
        answer = client.send(request)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "ROUTE_NOT_FOUND"


def test_pages_of_other_origins_are_refused(relayed: Relayed) -> None:
    answer = plain_http.get(f"{relayed.url}/items/echo", headers={"Origin": "https://example.com"})
    assert answer.status_code == 403
    with pytest.raises(InvalidStatus, match="403"):
        relayed.socket(origin=Origin("https://example.com"))


def test_a_directus_that_is_not_there(tmp_path: Path) -> None:
    with ExitStack() as stack:
        nowhere = f"http://127.0.0.1:{free_port()}"
        url = relay_to(stack, nowhere, tmp_path)
        answer = plain_http.get(f"{url}/server/ping")
        assert answer.status_code == 502
        assert nowhere in answer.json()["errors"][0]["message"]
        with pytest.raises(InvalidStatus, match="502"):
            Relayed(url, Upstream()).socket()


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusals_of_an_upgrade_are_relayed(relayed: Relayed, status: int) -> None:
    with pytest.raises(InvalidStatus, match=str(status)):
        relayed.socket(f"?how={status}")


def test_an_upgrade_without_an_answer_is_given_up(
    relayed: Relayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_OPEN_TIMEOUT", 0.1)
    with pytest.raises(InvalidStatus, match="504"):
        relayed.socket("?how=leave_unanswered")


def test_frames_pass_as_they_are(relayed: Relayed) -> None:
    headers = {"Cookie": "directus_session_token=t"}
    wanted = [Subprotocol("one"), Subprotocol("two")]
    with relayed.socket(
        "?access_token=t%20u", additional_headers=headers, subprotocols=wanted, max_size=None
    ) as socket:
        assert socket.subprotocol == "one"
        for frame in ("Grüße", b"\x00\xff", "", MEGABYTE * 3):
            socket.send(frame)
            assert socket.recv(timeout=10) == frame
        seen = relayed.upstream.seen
        assert seen["query"] == "access_token=t%20u"
        assert seen["cookie"] == headers["Cookie"]
        assert not {"origin", "sec-websocket-extensions"} & set(seen)


@pytest.mark.parametrize(
    ("how", "code", "reason"), [("bare", 1005, ""), ("code", 4001, "because"), ("drop", 1006, "")]
)
def test_a_close_by_directus_is_relayed(relayed: Relayed, how: str, code: int, reason: str) -> None:
    with relayed.socket(f"?how={how}") as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert (socket.close_code, socket.close_reason) == (code, reason)


def test_a_close_by_the_page_is_relayed(relayed: Relayed) -> None:
    with relayed.socket() as socket:
        socket.close(4002, "done")
    assert relayed.upstream.event.wait(10)
    assert relayed.upstream.seen["closed"] == (4002, "done")


def test_a_page_that_vanishes_leaves_no_socket_behind(relayed: Relayed) -> None:
    with relayed.socket() as socket:
        socket.send("hello")
        assert socket.recv(timeout=10) == "hello"
        socket.socket.close()
        assert relayed.upstream.event.wait(10)
    assert relayed.upstream.seen["closed"][0] == 1005


def test_a_directus_that_does_not_read_slows_the_page_down(relayed: Relayed) -> None:
    with relayed.socket("?how=deaf") as socket:
        socket.socket.settimeout(1)
        written = 0
        with suppress(ConnectionClosed):  # ends the sending that has to wait for long
            while written < 4 * BOUND:
                socket.send(MEGABYTE)
                written += 1
        relayed.upstream.event.set()
    assert written < BOUND


def test_a_page_that_does_not_read_slows_directus_down(relayed: Relayed) -> None:
    with relayed.socket("?how=flood", max_queue=1, max_size=None, close_timeout=0):
        assert relayed.upstream.event.wait(30)
    assert relayed.upstream.seen["written"] < BOUND
