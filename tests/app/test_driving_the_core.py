"""The driver in docs/driving-the-core.md: the very code of the page, on the embedded server."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import plain_http, processes
from tests.support.embedded import ROOT, TOKEN, Embedded
from tests.support.proxy import TcpProxy

BEGINNING = [
    "state: connecting",
    "state: authenticating",
    "state: open",
    "init",
    "created: Hello World!",
    "create: [{'text': 'Hello World!'}]",
]


LIMIT = 60.0  # seconds after which a program that prints no more is ended


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    """A server with an empty database."""
    with Embedded(tmp_path) as server:
        yield server


@contextmanager
def driver(folder: Path, port: int, token: str = TOKEN) -> Iterator[subprocess.Popen[str]]:
    """Run the page's code as the page says, with what it prints in pipes."""
    page = (ROOT / "docs" / "driving-the-core.md").read_text(encoding="utf-8")
    script = folder / "threads.py"
    script.write_text(page.split("```python\n")[1].split("```")[0], encoding="utf-8")
    command = [sys.executable, "-u", str(script), f"ws://127.0.0.1:{port}/websocket", token]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "app")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with processes.running(command, env=env, **pipes) as process:
        watch = threading.Timer(LIMIT, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()


def lines_until(process: subprocess.Popen[str], is_last: Callable[[str], bool]) -> list[str]:
    """Return what a program prints, up to a line."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if is_last(lines[-1]):
            return lines
    raise AssertionError(f"the program ended after {lines}")


def create(url: str, text: str) -> None:
    """Create a message by another way than the driver's."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    plain_http.post(
        f"{url}/items/messages", json={"text": text}, headers=headers
    ).raise_for_status()


def test_it_subscribes_creates_and_misses_nothing_over_a_cut(
    server: Embedded, tmp_path: Path
) -> None:
    proxy = TcpProxy(server.port)
    with driver(tmp_path, proxy.port) as process:
        assert lines_until(process, BEGINNING[-1].__eq__) == BEGINNING
        create(server.url, "seen")
        assert lines_until(process, lambda line: "seen" in line) == ["create: [{'text': 'seen'}]"]
        proxy.refuse()
        proxy.cut()
        lines_until(process, lambda line: line.startswith("state: waiting"))
        create(server.url, "missed")
        proxy.admit()
        came = lines_until(process, lambda line: "missed" in line)
        assert came[-1] == "create: [{'text': 'missed'}]"
        assert "state: open" in came
        assert not any("seen" in line or "Hello" in line for line in came), "read again"
    proxy.close()


def test_it_ends_with_one_sentence_where_the_token_is_refused(
    server: Embedded, tmp_path: Path
) -> None:
    with driver(tmp_path, server.port, token="wrong") as process:
        printed, errors = process.communicate()
        assert process.returncode == 1
        assert "state: failed Directus refused the token" in printed
        assert errors.startswith("Directus refused the token")
        assert errors.count("\n") == 1
