"""Firefox and WebKit, where this machine has them, driven by the protocols they bring themselves.

Firefox speaks WebDriver BiDi, WebKitGTK WebDriver by way of its WebKitWebDriver; the latter has no
headless mode, and runs under Xvfb. Each page is opened in a profile of its own.
"""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any, Protocol

import httpx
from websockets.sync.client import connect

_START = 60.0  # seconds for a browser to start, and for a page to load
_FIREFOX = ("firefox", "firefox-esr")
_WEBKIT = ("WebKitWebDriver", "Xvfb")
_ADDRESS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


class Tab(Protocol):
    """A page in a profile of its own."""

    def open(self, url: str) -> None:
        """Load a page."""

    def evaluate(self, function: str) -> Any:
        """Return what an async JavaScript function gives."""


class Engine(Protocol):
    """A browser."""

    @property
    def name(self) -> str:
        """Its usual name."""

    def tab(self) -> contextlib.AbstractContextManager[Tab]:
        """Open a page with nothing cached."""


def installed() -> list[Engine]:
    """Return the browsers that are installed, besides Chromium."""
    found: list[Engine] = []
    if firefox := next(filter(None, map(shutil.which, _FIREFOX)), None):
        found.append(Firefox(firefox))
    mini_browser = next(Path("/usr").glob("lib*/**/webkit2gtk-4.*/MiniBrowser"), None)
    if mini_browser and all(map(shutil.which, _WEBKIT)):
        found.append(WebKit(str(mini_browser)))
    return found


class Firefox:
    """Firefox, started anew for each page."""

    name = "Firefox"

    def __init__(self, program: str) -> None:
        self._program = program

    @contextlib.contextmanager
    def tab(self) -> Iterator[Tab]:
        """Open a page with nothing cached."""
        with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
            command = [self._program, "--headless", "--no-remote", "--profile", profile]
            command += ["--remote-debugging-port", "0"]
            with _running(command, stderr=subprocess.PIPE) as process:
                assert process.stderr is not None
                found = next(filter(None, map(_ADDRESS.search, process.stderr)), None)
                assert found, "Firefox says no address of its WebDriver BiDi"
                with (
                    _drained(process),
                    connect(f"{found[1]}/session", open_timeout=_START, max_size=None) as line,
                ):
                    yield _BidiTab(line)


class _BidiTab:
    def __init__(self, line: Any) -> None:
        self._line = line
        self._ids = count(1)
        self._do("session.new", capabilities={})
        self._context = self._do("browsingContext.create", type="tab")["context"]

    def open(self, url: str) -> None:
        self._do("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def evaluate(self, function: str) -> Any:
        answer = self._do(
            "script.evaluate",
            expression=f"({function})().then(JSON.stringify)",
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return json.loads(answer["result"].get("value", "null"))

    def _do(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._line.recv(_START))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]


class WebKit:
    """WebKitGTK's MiniBrowser, started anew for each page."""

    name = "WebKit"

    def __init__(self, program: str) -> None:
        self._program = program

    @contextlib.contextmanager
    def tab(self) -> Iterator[Tab]:
        """Open a page with nothing cached."""
        with _display() as display, socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
            probe.close()
            command = ["WebKitWebDriver", f"--port={port}"]
            with _running(command, env={**os.environ, "DISPLAY": display}):
                transport = httpx.HTTPTransport(retries=8)  # until it listens
                base = f"http://127.0.0.1:{port}"
                with httpx.Client(base_url=base, timeout=_START, transport=transport) as line:
                    yield _WebDriverTab(line, self._program)


class _WebDriverTab:
    def __init__(self, line: httpx.Client, program: str) -> None:
        self._line = line
        self._session = ""
        wanted = {
            "browserName": "MiniBrowser",
            "webkitgtk:browserOptions": {"binary": program, "args": ["--automation"]},
            "timeouts": {"script": int(_START * 1000)},
        }
        answer = self._do("session", capabilities={"alwaysMatch": wanted})
        self._session = f"session/{answer['sessionId']}/"

    def open(self, url: str) -> None:
        self._do("url", url=url)

    def evaluate(self, function: str) -> Any:
        script = f"({function})().then(arguments[0])"
        return self._do("execute/async", script=script, args=[])

    def _do(self, what: str, **body: Any) -> Any:
        answer = self._line.post(f"/{self._session}{what}", json=body).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer


@contextlib.contextmanager
def _display() -> Iterator[str]:
    """Start a virtual X server; give the name of its display."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24"]
    with _running(command, pass_fds=(write,)), open(read, encoding="ascii") as line:
        os.close(write)
        yield f":{line.readline().strip()}"


@contextlib.contextmanager
def _drained(process: subprocess.Popen[str]) -> Iterator[None]:
    """Read a program's further output, so that no full pipe blocks it; end it afterwards."""
    reader = Thread(target=deque, args=(process.stderr, 0), daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.terminate()
        reader.join()


@contextlib.contextmanager
def _running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    quiet: Mapping[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **{**quiet, **options}) as process:
        try:
            yield process
        finally:
            process.terminate()
