"""The connection as the page shows it: ``#status``, ``#error``, and the line with the next attempt.

Only a page whose program runs, whose connection is open and whose rows are complete says "Live".
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import ceil
from typing import Any, ClassVar, Protocol

from js import Date, console, document, navigator, window
from pyodide.ffi import create_proxy

from app.view import signing
from app.view.rows import rows

_WORDS = {
    "loading": "Loading Python",
    "connecting": "Connecting",
    "reconnecting": "Reconnecting",
    "closed": "Disconnected",
    "failed": "Failed",
}
_OPEN_WORDS = {
    "loading": "Loading messages",
    "catching up": "Catching up",
    "live": "Live",
    "stale": "Incomplete",
}
_ATTEMPTS = ("connecting", "authenticating", "reauthenticating", "waiting")


class StateChange(Protocol):
    """A change of the connection's state, in the SDK's words."""

    @property
    def state(self) -> str:
        """The state."""

    @property
    def error(self) -> object:
        """What says in one sentence why, or None."""

    @property
    def retry_in(self) -> float | None:
        """Seconds to the next attempt, when waiting."""


class _Shown:
    """What the page shows."""

    state = "loading"
    fresh = "loading"
    opened = False
    subscribed = False
    told: ClassVar[set[str]] = set()  # sentences, since there was nothing wrong
    next_try: float | None = None  # in the clock's seconds
    complete_until = ""  # the time of day at which it was live last
    ended = False  # the program has ended, and may be started again
    broken = False  # the program has an error, and cannot
    ticking = False


class _Wanted:
    """What is called."""

    start: Callable[[], None] | None = None
    connect: Callable[[None], Awaitable[None]] | None = None


def state() -> str:
    """Return the state that ``#status`` shows."""
    return _Shown.state


def is_settling() -> bool:
    """Return whether rows that were missed are still being read."""
    return not _Shown.ended and _Shown.fresh in ("loading", "catching up", "stale")


def show_state(change: StateChange) -> None:
    """Show the connection's state, what went wrong, and when the next attempt comes."""
    if _Shown.broken:
        return
    name = change.state
    if _Shown.ended:
        if name != "connecting" or _Wanted.start is None:
            return
        _Shown.ended = _Shown.subscribed = False
        _Shown.fresh = "loading"
        _Wanted.start()
    if name in _ATTEMPTS:
        if name != "waiting":
            _Shown.next_try = None
        elif change.retry_in is not None:
            _Shown.next_try = time.monotonic() + change.retry_in
        name = "reconnecting" if _Shown.opened else "connecting"
    elif name == "needs sign-in":
        name = "failed"
    _Shown.state = name
    _Shown.opened = name in ("open", "reconnecting")
    if name == "open" or (name == "failed" and signing.ended(change.error)):
        show_error("")
    elif change.error is not None:
        show_error(str(change.error), aloud=name in ("connecting", "failed"))
    _draw()


def show_freshness(name: str) -> None:
    """Show whether the messages are all there are, in the SDK's words.

    A client without a subscription is live too: nothing counts before the first is loading.
    """
    _Shown.subscribed = _Shown.subscribed or name == "loading"
    if not _Shown.subscribed:
        return
    if _Shown.fresh == "live" and name != "live":
        _Shown.complete_until = str(Date.new().toLocaleTimeString())
    _Shown.fresh = name
    _draw()


def show_error(sentence: str, *, aloud: bool = True) -> None:
    """Show a sentence about what went wrong, or hide the last one.

    ``aloud`` it goes to the console and to screen readers too, once until the connection is open.
    """
    if not sentence:
        _Shown.told.clear()
    elif aloud and sentence not in _Shown.told:
        _Shown.told.add(sentence)
        console.warn(sentence)
        rows.say(sentence)
    element = document.getElementById("error")
    _set_text(element, sentence)
    element.hidden = not sentence


def end(sentence: str, start: Callable[[], None]) -> None:
    """Show that the program has ended, and why; a new connection starts it again."""
    _Shown.ended, _Wanted.start = True, start
    if _Shown.state != "closed":
        _Shown.state = "failed"
    show_error("" if signing.is_needed() else sentence)
    _draw()


def break_off(_event: object = None) -> None:
    """Show that the program has an error, and cannot go on."""
    _Shown.ended = _Shown.broken = True
    _Shown.state = "failed"
    _draw()


def on_connect(connect: Callable[[None], Awaitable[None]]) -> None:
    """Connect whenever the person asks for it; ``connect`` gets its timeout, which is None."""
    _Wanted.connect = connect


def _draw(_event: object = None) -> None:
    """Show everything; a line that counts seconds is drawn again after each."""
    status, detail = document.getElementById("status"), document.getElementById("detail")
    status.dataset.state = _Shown.state
    fresh = "stale" if _Shown.ended else _Shown.fresh
    status.dataset.fresh = fresh.replace(" ", "-")
    _set_text(status, _word(fresh))
    text, action = _advice()
    if _Shown.complete_until and fresh != "live":
        text = f"Complete until {_Shown.complete_until}. {text}"
    _set_text(detail.firstElementChild, text)
    button = document.getElementById("action")
    _set_text(button, action)
    button.hidden = not action
    detail.hidden = not (text or action)
    if _Shown.next_try is not None and _Shown.state != "open" and not _Shown.ticking:
        _Shown.ticking = True
        asyncio.get_running_loop().call_later(1.0, _tick)


def _tick() -> None:
    _Shown.ticking = False
    _draw()


def _word(fresh: str) -> str:
    if _Shown.state == "open":
        return _OPEN_WORDS[fresh]
    if _Shown.state in ("connecting", "reconnecting") and not navigator.onLine:
        return "Offline"
    if _Shown.state == "failed" and signing.is_needed():
        return "Signed out"
    return _WORDS[_Shown.state]


def _advice() -> tuple[str, str]:
    """Return a sentence about what comes next, and what the button says."""
    if _Shown.state == "closed":
        return "Nothing is sent or received.", "Connect"
    if _Shown.state == "failed":
        return "", "" if signing.is_needed() else "Reload"
    if _Shown.state == "open":
        return "", ""
    if not navigator.onLine:
        return "The page goes on when the network is back.", "Try now"
    if _Shown.next_try is None:
        return "", ""
    seconds = max(0, ceil(_Shown.next_try - time.monotonic()))
    return f"Next try in {seconds}\u00a0s.", "Try now"


def _set_text(element: Any, text: str) -> None:
    """Set a text that differs: what is set again is read out again."""
    if element.textContent != text:
        element.textContent = text


def _act(_event: object) -> None:
    """Do what the button says; app/loading.js reloads."""
    if _Shown.state in ("failed", "open") or _Wanted.connect is None:
        return

    async def connect(connect: Callable[[None], Awaitable[None]]) -> None:
        try:
            await connect(None)
        except Exception as error:
            if not hasattr(error, "code"):  # else the state's change has shown it
                raise

    task = asyncio.ensure_future(connect(_Wanted.connect))
    _running.add(task)  # a task that nothing refers to may be collected
    task.add_done_callback(_running.discard)


_running: set[asyncio.Future[None]] = set()
document.getElementById("action").addEventListener("click", create_proxy(_act))
window.addEventListener("python:failed", create_proxy(break_off))
_on_network = create_proxy(_draw)
window.addEventListener("online", _on_network)
window.addEventListener("offline", _on_network)
