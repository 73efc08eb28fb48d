"""A Chromium over its DevTools protocol.

No domain is enabled that reports what a page does, so that a page costs what it costs with the
developer tools closed: Playwright has each line of the console sent to it.
"""

import contextlib
import json
import re
import subprocess
from collections import deque
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tools import chromium

PATIENCE = 180.0
"""Seconds in which the browser must answer."""
PROBE = Path(__file__).with_name("probe.js")
_ADDRESS = re.compile(r"DevTools listening on (ws://\S+)")
_LINE: dict[str, Any] = {"max_size": None, "compression": None, "ping_interval": None}
_OPTIONS = (
    *("--headless", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0"),
    *("--disable-background-networking", "--disable-renderer-backgrounding"),
    *("--disable-background-timer-throttling", "--disable-extensions", "--mute-audio"),
)


class Page:
    """A page in a context of its own, with ``probe`` of probe.js on its window."""

    def __init__(self, browser: "Chromium", session: str) -> None:
        self._browser = browser
        self._session = session
        self.send("Page.enable")
        self.send("Page.addScriptToEvaluateOnNewDocument", source=PROBE.read_text("utf-8"))

    def send(self, method: str, **params: Any) -> Any:
        """Return the browser's answer to a command. Raises RuntimeError if it is an error."""
        return self._browser.send(method, self._session, **params)

    def open(self, url: str) -> None:
        """Begin to load a page. Raises RuntimeError if nothing answers there."""
        answer = self.send("Page.navigate", url=url)
        if "errorText" in answer:
            raise RuntimeError(f"{url}: {answer['errorText']}")

    def evaluate(self, function: str, *arguments: Any) -> Any:
        """Return what a JavaScript function gives, or the promise that it gives.

        Raises RuntimeError if it fails.
        """
        given = ", ".join(map(json.dumps, arguments))
        answer = self.send(
            "Runtime.evaluate",
            expression=f"({function})({given})",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description"))
        return answer["result"].get("value")


class Chromium:
    """A browser that runs."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._ids = count(1)
        self.version: str = self.send("Browser.getVersion")["product"].split("/")[1]

    @contextlib.contextmanager
    def page(self) -> Iterator[Page]:
        """Open an empty page with nothing cached."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        where = {"browserContextId": context, "width": 1280, "height": 720}
        target = self.send("Target.createTarget", url="about:blank", **where)["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        try:
            yield Page(self, attached["sessionId"])
        finally:
            self.send("Target.disposeBrowserContext", browserContextId=context)

    def send(self, method: str, session: str | None = None, **params: Any) -> Any:
        """Return the answer to a command. Raises RuntimeError if it is an error."""
        number = next(self._ids)
        command = {"id": number, "method": method, "params": params}
        self._line.send(json.dumps(command | ({"sessionId": session} if session else {})))
        while True:
            answer = json.loads(self._line.recv(PATIENCE))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]


@contextlib.contextmanager
def chromium_running() -> Iterator[Chromium]:
    """Start the Chromium that the tests use."""
    program = chromium.find()
    assert program is not None, "set-up has found no Chromium"
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            address = _address(process)
            with _read_on(process), connect(address, **_LINE) as line:
                browser = Chromium(line)
                try:
                    yield browser
                finally:
                    browser.send("Browser.close")  # Debian's program is a script around it


def _address(process: subprocess.Popen[str]) -> str:
    """Return where the browser listens. Raises RuntimeError if it ends before it says so."""
    assert process.stderr is not None
    found = next(filter(None, map(_ADDRESS.search, process.stderr)), None)
    if found is None:
        raise RuntimeError("Chromium does not start")
    return found[1]


@contextlib.contextmanager
def _read_on(process: subprocess.Popen[str]) -> Iterator[None]:
    """Read what a program says until it ends, so that no full pipe blocks it."""
    reader = Thread(target=deque, args=(process.stderr, 0), daemon=True)
    reader.start()
    yield
    reader.join()
