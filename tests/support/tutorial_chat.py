"""The chat of Directus' tutorial, with the JS SDK in Node: what our chat is compared with.

`python -m tests.support.tutorial_chat` records tests/peer/chat.json again.
"""

import json
import subprocess
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common.set_up import PEER
from tests.support import peer
from tests.support.chat_frames import LOGINS, Rows, Steps, line, play
from tests.support.embedded import ROOT, Embedded
from tools import npm

RECORDING = ROOT / "tests" / "peer" / "chat.json"
_MADE = "The tutorial's chat with JS SDK 26.0.0, by `python -m tests.support.tutorial_chat`."
_LIMIT = 60.0  # seconds for all that happens to it

Happened = tuple[str, Any]
"""What, such as "sent", and a frame or a text."""


class TutorialChat:
    """The chat, which runs in ``process``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._happened: list[Happened] = []

    def log_in(self) -> None:
        """Wait until it has: it logs in when it starts."""
        self._wait_for_init()

    def write(self, text: str) -> None:
        """Write a message, and wait for its answer or failure."""
        self._say(text)
        self._wait(lambda what, value: what == "failed" or _is(value, "items"))

    def wait_until_down(self) -> None:
        """Wait for the SDK to tell it."""
        self._wait(lambda what, _: what == "closed")

    def settle(self, rows: Rows) -> None:
        """Wait until it is connected, and all that was under way has come."""
        if any(what == "closed" for what, _ in self._happened):
            self._wait_for_init()
        for _ in range(2):  # what leads to a message may come just before the first pong
            self._say("")
            self._wait(lambda _, value: _is(value, "pong"))

    def take(self) -> list[str]:
        """Return what has happened since the last call."""
        happened, self._happened = self._happened, []
        return [each for what, value in happened for each in _lines(what, value)]

    def _wait_for_init(self) -> None:
        self._wait(lambda _, value: _is(value, "subscription") and value["event"] == "init")

    def _say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def _wait(self, wanted: Callable[[str, Any], bool]) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            what, value = json.loads(text)
            self._happened.append((what, value))
            if wanted(what, value):
                return
        raise AssertionError(f"the tutorial's chat has ended, after {self._happened[-3:]}")


def _is(value: Any, kind: str) -> bool:
    """Tell whether something is a message that came, of a type."""
    return isinstance(value, dict) and value["type"] == kind and "action" not in value


def _lines(what: str, value: Any) -> list[str]:
    if what in ("sent", "received"):
        is_ours = value["type"] in ("ping", "pong")
        return [] if is_ours else [line(">" if what == "sent" else "<", value)]
    return [] if what == "closed" else [f"{what}: {value}"]


@contextmanager
def opened(url: str) -> Iterator[TutorialChat]:
    """Run the chat, of Ann, in Node."""
    peer.install()
    email = "ann@example.com"
    login = json.dumps({"url": url, "email": email, "password": LOGINS[email]})
    node = str(npm.node(Path(sysconfig.get_path("purelib"))))
    with subprocess.Popen(
        [node, "chat.mjs", login],
        cwd=PEER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        limit = threading.Timer(_LIMIT, process.kill)
        limit.start()
        try:
            yield TutorialChat(process)
        finally:
            limit.cancel()
            process.kill()


def theirs() -> Steps:
    """Return what happens in the tutorial's chat on the embedded server."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Embedded(Path(folder), "--example", "chat") as server,
    ):
        return play(server.url, opened)


def recorded() -> Steps:
    """Return what happened when the recording was made."""
    steps: Steps = json.loads(RECORDING.read_text(encoding="utf-8"))["steps"]
    return steps


def main() -> None:
    """Record again."""
    text = json.dumps({"made": _MADE, "steps": theirs()}, indent=1, ensure_ascii=True)
    RECORDING.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
