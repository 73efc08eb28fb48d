"""The list ``#messages``: what came over the wire.

What comes between two frames is gathered and drawn at the next one, and the list is bounded, so
that a message costs the same however many there are. Text is only ever set as text.
"""

import json
from collections import deque
from collections.abc import Sequence
from typing import Any

from js import document, requestAnimationFrame
from pyodide.ffi import create_proxy

from app.view import faults

ROWS = 500
"""How many rows the list holds at most."""


class _Shown:
    count = 0
    drawing = False


_undrawn: deque[tuple[Any, Any]] = deque(maxlen=ROWS)


def show(rows: object, keys: Sequence[Any], *, live: bool) -> list[Any]:
    """Show messages, the oldest first; return their keys. What is no list of rows is left out."""
    found = rows if isinstance(rows, list) else []
    if len(keys) != len(found):
        keys = [row.get("id") if isinstance(row, dict) else None for row in found]
    known = [(key, row) for key, row in zip(keys, found, strict=True) if row is not None]
    _undrawn.extend(known)
    _Shown.count += len(known) if live else 0
    if known and not _Shown.drawing:
        _Shown.drawing = True
        requestAnimationFrame(_on_frame)
    return [key for key, _ in known]


def holds(key: Any) -> bool:
    """Return whether the message of this key is in the list, or will be at the next frame."""
    if any(key == other for other, _ in _undrawn):
        return True
    rows = document.getElementById("messages").children
    return any(row.dataset.id == str(key) for row in rows)


def clear() -> None:
    """Take all messages away."""
    _undrawn.clear()
    document.getElementById("messages").replaceChildren()


def _draw(_time: float) -> None:
    _Shown.drawing = False
    fresh = document.createDocumentFragment()
    while _undrawn:
        try:
            fresh.prepend(_element(*_undrawn.popleft()))
        except Exception as error:  # the other rows are drawn all the same
            faults.report(error)
    messages = document.getElementById("messages")
    messages.prepend(fresh)
    while messages.childElementCount > ROWS:
        messages.lastElementChild.remove()
    document.getElementById("count").textContent = str(_Shown.count)


def _element(key: Any, row: Any) -> Any:
    element = document.getElementById("row").content.firstElementChild.cloneNode(True)
    if key is not None:
        element.dataset.id = text_of(key)
    fields = row if isinstance(row, dict) else {"text": row}
    user = fields.get("user")
    element.children[0].textContent = "Anonymous" if user is None else text_of(user)
    element.children[1].textContent = text_of(fields.get("text"))
    return element


def text_of(value: Any) -> str:
    """Return how a value is shown: a text as it is, nothing for None, anything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


_on_frame = create_proxy(_draw)  # one for the page's whole life
