"""The view: plain functions on the document. It knows no client.

What comes between two frames is gathered and drawn at the next one, and the list is bounded, so
that a message costs the same however many there are. Text is only ever set as text.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from js import console, document, performance, requestAnimationFrame
from pyodide.ffi import create_proxy

ROWS = 500
"""How many rows the list holds at most."""

_WORDS = {
    "connecting": "Connecting",
    "open": "Live",
    "reconnecting": "Reconnecting",
    "closed": "Disconnected",
    "failed": "Failed",
}


class _Shown:
    """What the page shows, and what it will show at the next frame."""

    state = "loading"
    opened = False
    problem = ""
    count = 0
    drawing = False


_undrawn: deque[tuple[Any, dict[str, Any]]] = deque(maxlen=ROWS)


def mark(name: str) -> None:
    """Set a user-timing mark; only the first of a name counts."""
    if not performance.getEntriesByName(name).length:
        performance.mark(name)


def state() -> str:
    """Return the state that ``#status`` shows."""
    return _Shown.state


def status(name: str, problem: object = None) -> None:
    """Show the connection's state, and what went wrong.

    Args:
        name: the connection's state, in the SDK's words.
        problem: what says in one sentence why, or None.
    """
    if name in ("connecting", "authenticating", "reauthenticating", "waiting"):
        name = "reconnecting" if _Shown.opened else "connecting"
    elif name == "needs sign-in":
        name = "failed"
    _Shown.state = name
    _Shown.opened = name in ("open", "reconnecting")
    element = document.getElementById("status")
    element.dataset.state = name
    element.textContent = _WORDS[name]
    if name == "open":
        error("")
    elif problem is not None:
        error(str(problem), aloud=name in ("connecting", "failed"))


def error(sentence: str, *, aloud: bool = True) -> None:
    """Show a sentence about what went wrong, or hide the last one; ``aloud`` in the console too."""
    if aloud and sentence and sentence != _Shown.problem:
        console.warn(sentence)
    _Shown.problem = sentence
    element = document.getElementById("error")
    element.textContent = sentence
    element.hidden = not sentence


def run(work: Awaitable[Any]) -> None:
    """Start ``work``; if it fails, say so on the page instead of in a traceback."""

    async def report() -> None:
        try:
            await work
        except Exception as problem:
            if not hasattr(problem, "code"):  # no error of the SDK's: a fault of this program
                raise
            error(str(problem))

    task = asyncio.ensure_future(report())
    _running.add(task)  # a task that nothing refers to may be collected
    task.add_done_callback(_running.discard)


def show(rows: list[dict[str, Any]], keys: Sequence[Any] = (), *, live: bool = True) -> None:
    """Show messages, the oldest first.

    Args:
        rows: the messages.
        keys: their primary keys, where ``rows`` do not hold them as ``id``.
        live: whether they came while we watched, and are counted.
    """
    known = keys or [row.get("id") for row in rows]
    _undrawn.extend(zip(known, rows, strict=True))
    _Shown.count += len(rows) if live else 0
    if rows and not _Shown.drawing:
        _Shown.drawing = True
        requestAnimationFrame(_on_frame)


def on_submit(create: Callable[[dict[str, Any]], Awaitable[Any]]) -> None:
    """Create an item whenever the form is sent, and make room for the next text."""
    user, text = document.getElementById("user"), document.getElementById("text")

    def submit(event: Any) -> None:
        event.preventDefault()
        error("")
        run(create({"text": text.value, "user": user.value}))
        text.value = ""
        text.focus()

    document.getElementById("composer").addEventListener("submit", create_proxy(submit))


def _draw(_time: float) -> None:
    _Shown.drawing = False
    fresh = document.createDocumentFragment()
    while _undrawn:
        fresh.prepend(_element(*_undrawn.popleft()))
    messages = document.getElementById("messages")
    messages.prepend(fresh)
    while messages.childElementCount > ROWS:
        messages.lastElementChild.remove()
    document.getElementById("count").textContent = str(_Shown.count)


def _element(key: Any, row: dict[str, Any]) -> Any:
    element = document.getElementById("row").content.firstElementChild.cloneNode(True)
    if key is not None:
        element.dataset.id = str(key)
    user, text = row.get("user"), row.get("text")
    element.children[0].textContent = "Anonymous" if user is None else str(user)
    element.children[1].textContent = "" if text is None else str(text)
    return element


_on_frame = create_proxy(_draw)  # one for the page's whole life
_running: set[asyncio.Future[None]] = set()
