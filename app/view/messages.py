"""The list ``#messages``: what came over the wire.

The first few messages are drawn at once; what comes in a frame's time after them is gathered, and
drawn at the next frame by one call of JavaScript; while very many come, twice a second, each time
in a task of its own.
The list is bounded, so that a message costs the same however many there are.
"""

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from js import requestAnimationFrame, setTimeout
from pyodide.ffi import create_proxy

from app.view import faults, unread
from app.view.rows import rows as _rows

ROWS = 500
"""How many rows the list holds at most."""

_FEW = 4  # drawings at once, within a frame's time
_FRAME = 0.016  # seconds
_MANY = 100  # rows in one drawing
_PAUSE = 0.5  # seconds between two drawings while so many come: nobody reads them


class _Shown:
    count = 0
    drawing = False
    drawn_at = began = float("-inf")
    at_once = 0  # drawings since it began
    were_many = False  # at the last drawing
    at_last_frame = 0  # how many had come
    touched: set[str] | None = None  # keys, where somebody asks for them


_undrawn: deque[tuple[Any, Any]] = deque(maxlen=ROWS)
_changed: dict[str, tuple[str, ...]] = {}  # by key: the texts of what is changed, none if deleted


def show(rows: object, keys: Sequence[Any], *, live: bool) -> list[Any]:
    """Show messages, the oldest first; return their keys. What is no list of rows is left out."""
    found = rows if isinstance(rows, list) else []
    if len(keys) != len(found):
        keys = [row.get("id") if isinstance(row, dict) else None for row in found]
    known = [(key, row) for key, row in zip(keys, found, strict=True) if row is not None]
    _undrawn.extend(known)
    if _Shown.touched is not None:
        _Shown.touched.update(text_of(key) for key, _ in known)
    if live:
        _Shown.count += len(known)
        unread.add(len(known))
    if known and not _Shown.drawing:
        if _may_draw_at_once():
            _draw()
        else:
            _ask_for_frame()
    return [key for key, _ in known]


def change(changed: list[dict[str, Any]]) -> None:
    """Show the texts of rows that were changed, where the list holds them."""
    for row in changed:
        key, user, text, _ = _texts_of(row.get("id"), row)
        if key is not None:
            _change(key, user, text)


def remove(keys: list[Any]) -> None:
    """Take away the messages of these keys."""
    for key in keys:
        _change(text_of(key))


def keys() -> list[str]:
    """Return the keys of the messages that the list holds, as texts."""
    undrawn = [text_of(key) for key, _ in _undrawn if key is not None]
    return json.loads(_rows.keys()) + undrawn


@contextmanager
def touched() -> Iterator[set[str]]:
    """Yield a set of the keys, as texts, of what is shown, changed and taken away meanwhile."""
    keys = _Shown.touched = set()
    try:
        yield keys
    finally:
        _Shown.touched = None


def holds(key: Any) -> bool:
    """Return whether the message of this key is in the list, or will be at the next frame."""
    return str(key) in keys()


def clear() -> None:
    """Take all messages away."""
    _undrawn.clear()
    _changed.clear()
    _rows.clear()


def _change(key: str, *texts: str) -> None:
    _changed[key] = texts
    if _Shown.touched is not None:
        _Shown.touched.add(key)
    if len(_changed) > ROWS:  # no frame comes while the tab is hidden
        _draw()
    elif not _Shown.drawing:
        _ask_for_frame()


def _ask_for_frame() -> None:
    _Shown.drawing = True
    requestAnimationFrame(_on_frame)


def _may_draw_at_once() -> bool:
    if time.monotonic() - _Shown.began > _FRAME:
        _Shown.began, _Shown.at_once = time.monotonic(), 0
    _Shown.at_once += 1
    return _Shown.at_once <= _FEW and not _Shown.were_many


def _draw_frame(_time: object) -> None:
    has_grown = _Shown.count != _Shown.at_last_frame
    _Shown.at_last_frame = _Shown.count
    if _Shown.were_many and has_grown and time.monotonic() - _Shown.drawn_at < _PAUSE:
        requestAnimationFrame(_on_frame)
    elif len(_undrawn) > _MANY:
        setTimeout(_on_task, 0)  # the frame's layout and paint take as long again
    else:
        _draw_all()


def _draw_all() -> None:
    _Shown.drawing = False
    _draw()


def _draw() -> None:
    _Shown.drawn_at = time.monotonic()
    _Shown.were_many = len(_undrawn) > _MANY
    texts = []
    while _undrawn:
        try:
            texts.append(_texts_of(*_undrawn.popleft()))
        except Exception as error:  # the other rows are drawn all the same
            faults.report(error)
    changes = json.dumps([(key, *texts) for key, texts in _changed.items()]) if _changed else ""
    _changed.clear()
    _draw_rows(json.dumps(texts), changes, ROWS, _Shown.count)


def _texts_of(key: Any, row: Any) -> tuple[str | None, str, str, str | None]:
    """Return what a row of the list says: its key, user, text, and when it was created."""
    fields = row if isinstance(row, dict) else {"text": row}
    user, created = fields.get("user"), fields.get("date_created")
    return (
        None if key is None else text_of(key),
        "Anonymous" if user is None else text_of(user),
        text_of(fields.get("text")),
        created if isinstance(created, str) else None,
    )


def text_of(value: Any) -> str:
    """Return how a value is shown: a text as it is, nothing for None, anything else as JSON."""
    if isinstance(value, str):
        return value
    if type(value) is int:  # as most keys: it is its own JSON
        return str(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


_on_frame = create_proxy(_draw_frame)  # one for the page's whole life
_on_task = create_proxy(_draw_all)
_draw_rows = _rows.draw  # to look it up makes a proxy
