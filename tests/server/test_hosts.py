"""Who may come in: under which names, and from which sites."""

import asyncio
import socket
from typing import Any

import httpx
import pytest
import websockets
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.server.people import refusal
from tests.server.sockets import BEARER, Start, on_socket
from tests.server.sockets import refused as refused_upgrade
from tests.support import plain_http

PAGE = [
    Route(path, lambda _: PlainTextResponse("page")) for path in ("/", "/pyscript.toml", "/app/x")
]
PATHS = ("/", "/pyscript.toml", "/app/x", "/server/ping", "/items/messages", "/auth/login", "/no")
SOCKETS = ("/websocket", "/websocket?access_token=your_access_token", "/graphql", "/no")
MODES: dict[str, dict[str, Any]] = {
    "embedded": {},
    "public": {"auth": "public"},
    "strict": {"auth": "strict"},
    "relayed": {"directus": "http://127.0.0.1:9"},
    "direct": {"directus": ""},
}
EVIL = "evil.example"


def status(address: str, path: str, host: str, method: str = "GET", **headers: str) -> int:
    answer = plain_http.request(
        method, f"http://{address}{path}", headers={**BEARER, "Host": host, **headers}
    )
    return answer.status_code


def opened(address: str, host: str, path: str = "/websocket") -> None:
    """Open a socket under another name, and close it."""
    place, port = address.split(":")

    async def run() -> None:
        name = host if ":" in host else f"{host}:{port}"
        options: Any = {"host": place, "port": int(port), "proxy": None}
        async with asyncio.timeout(10), websockets.connect(f"ws://{name}{path}", **options):
            pass

    asyncio.run(run())


@pytest.mark.parametrize("mode", MODES)
def test_no_route_is_served_under_another_name(
    start: Start, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    address = start(pages=PAGE, **MODES[mode]).address
    for host in (EVIL, f"{EVIL}:{address.partition(':')[2]}"):
        for path in PATHS:
            for method in ("GET", "POST", "OPTIONS"):
                answer = plain_http.request(
                    method, f"http://{address}{path}", headers={"Host": host}
                )
                assert refusal(answer) == (
                    403,
                    "FORBIDDEN",
                    f'The Host "{host}" is not allowed here: add it with --allow-host {EVIL}',
                )
        for path in SOCKETS:
            with pytest.raises(websockets.InvalidStatus) as error:
                opened(address, host, path)
            assert error.value.response.status_code == 403
            assert EVIL in error.value.response.body.decode()
    logged = [record.getMessage() for record in caplog.records if EVIL in record.getMessage()]
    assert len(logged) == 2, "once for each name"


@pytest.mark.parametrize(
    ("hosts", "host", "allowed"),
    [
        ((), "localhost", True),
        ((), "LOCALHOST.:80", True),
        ((), "127.0.0.1:1", True),
        ((), "127.5.6.7", True),
        ((), "[::1]:8000", True),
        ((), "192.168.1.5", False),
        ((), "0.0.0.0", False),
        ((), "localhost.evil.example", False),
        ((), "127.0.0.1.evil.example", False),
        ((), "evil.example@localhost", False),
        ((), "localhost/../evil.example", False),
        ((), "", False),
        ((), "[", False),
        (("192.168.1.5",), "192.168.1.5:8000", True),
        (("192.168.1.5",), "192.168.1.6", False),
        (("0.0.0.0",), "192.168.1.5", True),
        (("::",), "[fe80::1]:80", True),
        (("0.0.0.0",), EVIL, False),
        (("Chat.Example",), "chat.example", True),
        (("chat.example",), "a.chat.example", False),
    ],
    ids=str,
)
def test_names(start: Start, hosts: tuple[str, ...], host: str, allowed: bool) -> None:
    address = start(hosts=hosts).address
    found = status(address, "/server/ping", host)
    # h11 itself refuses what is no name.
    assert found == 200 if allowed else found in (400, 403)


def test_the_name_of_the_public_address(start: Start) -> None:
    address = start(public_url="https://chat.example/").address
    assert status(address, "/server/ping", "chat.example") == 200
    assert status(address, "/server/ping", EVIL) == 403


def test_names_that_are_refused_fill_no_log(
    start: Start, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.hosts._MOST_LOGGED", 5)
    address = start().address
    for number in range(10):
        assert status(address, "/server/ping", f"{number}.{EVIL}") == 403
    long = f"{'a' * 1_000}.{EVIL}"
    words = plain_http.get(f"http://{address}/", headers={"Host": long}).text
    assert long[:100] in words
    assert long[:101] not in words
    logged = [record.getMessage() for record in caplog.records if EVIL in record.getMessage()]
    assert len(logged) == 5


def test_what_a_client_claims_about_its_way_counts_for_nothing(start: Start) -> None:
    address = start().address
    for name in ("X-Forwarded-Host", "X-Original-Host", "Forwarded", "X-HTTP-Method-Override"):
        value = "host=localhost" if name == "Forwarded" else "localhost"
        assert status(address, "/server/ping", EVIL, **{name: value}) == 403
    target = "http://localhost/server/ping"
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(f"GET {target} HTTP/1.1\r\nHost: {EVIL}\r\n\r\n".encode())
        assert plain.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_two_hosts_are_none(start: Start) -> None:
    address = start().address
    host, port = address.split(":")
    for hosts in ((address, EVIL), (EVIL, address), (address, address)):
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            head = "".join(f"Host: {name}\r\n" for name in hosts)
            plain.sendall(f"GET /server/ping HTTP/1.1\r\n{head}\r\n".encode())
            assert plain.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_request_without_a_host(start: Start) -> None:
    host, port = start().address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        plain.sendall(b"GET /server/ping HTTP/1.0\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 403 ")


OTHER_SITES = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
]


@pytest.mark.parametrize("mode", ["embedded", "relayed"])
@pytest.mark.parametrize("headers", OTHER_SITES, ids=str)
def test_another_site_writes_nothing(start: Start, mode: str, headers: dict[str, str]) -> None:
    address = start(**MODES[mode]).address
    kinds = [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}]
    for kind in kinds:
        for method in ("POST", "PATCH", "DELETE", "SEARCH", "PUT", "TRACE", "post"):
            sent = {**headers, **kind}
            assert status(address, "/items/messages", address, method, **sent) == 403
    assert status(address, "/auth/login", address, "POST", **headers) == 403
    if mode == "embedded":
        answer = plain_http.get(f"http://{address}/items/messages", headers=BEARER)
        assert answer.json()["data"] == []


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "http://{}"}, {"Sec-Fetch-Site": "same-origin"}], ids=str
)
def test_its_own_pages_and_programs_write(start: Start, headers: dict[str, str]) -> None:
    address = start().address
    own = {name: value.format(address) for name, value in headers.items()}
    assert status(address, "/items/messages", address, "POST", **own) == 200


@pytest.mark.parametrize("mode", ["embedded", "relayed"])
def test_an_origin_that_is_let_in(start: Start, mode: str) -> None:
    page = "http://localhost:5173"
    address = start(cors_enabled=True, cors_origin=(page,), **MODES[mode]).address
    own = {"Origin": page, "Sec-Fetch-Site": "same-site"}
    expected = 200 if mode == "embedded" else 502
    answer = plain_http.post(f"http://{address}/items/messages", headers={**BEARER, **own})
    assert answer.status_code == expected
    assert answer.headers["access-control-allow-origin"] == page
    preflight = httpx.options(f"http://{address}/items/messages", headers=own)
    assert preflight.headers["access-control-allow-origin"] == page
    assert status(address, "/items/messages", address, "POST", Origin="http://localhost:1") == 403
    assert refused_upgrade(address, origin="http://localhost:1") == 403
    if mode == "embedded":
        on_socket(address, lambda socket: socket.close(), origin=page)
    else:
        assert refused_upgrade(address, origin=page) == 502


def test_connections_under_an_allowed_name(start: Start) -> None:
    address = start(hosts=("chat.example",)).address
    opened(address, "chat.example")
