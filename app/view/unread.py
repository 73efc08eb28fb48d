"""How many messages came while nobody looked at the page, in the document's title."""

import time

from js import document, setTimeout
from pyodide.ffi import create_proxy

_PAUSE = 0.5  # seconds between two changes of the title


class _Unread:
    count = 0
    is_hidden = bool(document.hidden)
    is_due = False
    drawn_at = float("-inf")


def add(count: int) -> None:
    """Count messages that came, if the page is hidden."""
    if not _Unread.is_hidden:
        return
    _Unread.count += count
    if not _Unread.is_due:
        _Unread.is_due = True
        setTimeout(_on_time, max(0.0, _Unread.drawn_at + _PAUSE - time.monotonic()) * 1000)


def _draw() -> None:
    _Unread.is_due, _Unread.drawn_at = False, time.monotonic()
    document.title = f"({_Unread.count}) {_title}" if _Unread.count else _title


def _look(_event: object) -> None:
    _Unread.is_hidden = bool(document.hidden)
    if not _Unread.is_hidden:
        _Unread.count = 0
        _draw()


_title = document.title
_on_time = create_proxy(_draw)
document.addEventListener("visibilitychange", create_proxy(_look))
