"""The transports: both platforms' are the same from outside, and a cancelled wait ends its request.

What needs a browser is in `tests/e2e/test_transports.py`.
"""

import ast
import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from directus_realtime import authentication, create_directus, rest, server_ping
from directus_realtime.transports.http import ascii_address
from directus_realtime.transports.platform import transports

from tests.support.client import connected, run
from tests.support.embedded import ROOT, Embedded, free_port
from tests.support.odd_server import OddServer, answer
from tests.support.proxy import REQUESTS, TcpProxy
from tests.support.silent import Silent

FOLDER = ROOT / "app" / "directus_realtime" / "transports"
LONG = 30.0  # seconds for an answer: longer than a test waits for the connection to close


def signatures(body: list[ast.stmt]) -> dict[str, str]:
    """The signatures of the public functions among statements, but for `self`."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
            node.args.args = [given for given in node.args.args if given.arg != "self"]
            found[node.name] = f"{type(node).__name__} ({ast.unparse(node.args)})"
    return found


def parsed(name: str) -> list[ast.stmt]:
    return ast.parse((FOLDER / f"{name}.py").read_text()).body


@pytest.mark.parametrize("platform", ["browser", "native"])
def test_both_platforms_offer_the_interfaces_functions(platform: str) -> None:
    (interface,) = (
        node
        for node in parsed("base")
        if isinstance(node, ast.ClassDef)
        if node.name == "Transports"
    )
    assert signatures(parsed(platform)) == signatures(interface.body)


async def get(url: str) -> None:
    await transports().fetch(url, timeout=LONG)


async def request(url: str) -> None:
    await create_directus(url).with_(rest(timeout=LONG)).request(server_ping())


async def log_in(url: str) -> None:
    await create_directus(url).with_(authentication(timeout=LONG)).login("ben@example.com", "x")


BEGUN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive "


@pytest.mark.parametrize("given", [b"", BEGUN], ids=["no answer", "half an answer"])
@pytest.mark.parametrize("ask", [get, request, log_in])
def test_a_cancelled_wait_closes_its_connection(
    ask: Callable[[str], Awaitable[None]], given: bytes
) -> None:
    async def scene() -> None:
        asking: asyncio.Future[Any] = asyncio.ensure_future(ask(silent.url))
        assert await asyncio.to_thread(silent.wait_asked)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await asyncio.to_thread(silent.wait_left, 2.0)

    with Silent(given) as silent:
        run(scene)


def test_a_socket_ends_although_the_server_takes_nothing_more(tmp_path: Path) -> None:
    """As one that is stopped, whose machine goes on answering."""

    async def scene() -> None:
        before = asyncio.all_tasks()
        directus = await connected(proxy.url)
        proxy.hold(REQUESTS)
        for _ in range(16):
            directus.send_message({"type": "ping", "uid": "x" * 2**20})
        directus.disconnect()
        _, left = await asyncio.wait(asyncio.all_tasks() - before, timeout=15)
        assert not left

    with Embedded(tmp_path) as server, closing(TcpProxy(server.port)) as proxy:
        run(scene)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://localhost:8055/a?b=%20#c", "http://localhost:8055/a?b=%20#c"),
        ("http://bücher.example:8055/ä/x", "http://xn--bcher-kva.example:8055/%C3%A4/x"),
        ("https://[::1]:1/日本?a=%E6", "https://[::1]:1/%E6%97%A5%E6%9C%AC?a=%E6"),
    ],
)
def test_an_address_in_any_letters_is_asked_as_a_browser_asks_it(url: str, asked: str) -> None:
    assert ascii_address(url) == asked


def test_a_project_whose_path_has_other_letters_is_reached() -> None:
    async def scene() -> None:
        directus = create_directus(f"{odd.url}/größe").with_(rest())
        assert await directus.request(server_ping()) == "pong"

    with OddServer(answer("200 OK", "pong")) as odd:
        run(scene)
    assert odd.requests[0].startswith("GET /gr%C3%B6%C3%9Fe/server/ping ")


WITHOUT_WEBSOCKETS = """
import asyncio, sys
sys.modules["websockets"] = None
from directus_realtime import UsageError, create_directus, realtime, static_token

async def scene():
    directus = create_directus("{url}").with_(static_token("t")).with_(realtime())
    states = []
    directus.on_state(lambda change: states.append(str(change.state)))
    try:
        await directus.connect()
    except UsageError as error:
        print(error)
    print(*states)

asyncio.run(scene())
"""


def test_without_the_package_websockets_connect_says_at_once_what_to_install() -> None:
    code = WITHOUT_WEBSOCKETS.format(url=f"http://127.0.0.1:{free_port()}")
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    said, states = run.stdout.splitlines()
    assert "needs the package websockets" in said
    assert "`pip install --upgrade websockets`" in said
    assert states == "connecting failed"
    assert run.stderr == ""
