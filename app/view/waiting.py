"""The list ``#waiting``, drawn: a row for each message that was written here, until it is settled.

Most messages are answered within milliseconds. On an open connection a row is drawn only for one
that is not answered a moment later: each drawing takes a frame, and delays what comes meanwhile.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from js import document, requestAnimationFrame, setTimeout
from pyodide.ffi import create_proxy

from app.view.messages import ROWS, text_of
from app.view.rows import rows

WAITING, SAVED, SETTLED = "waiting", "saved", "settled"
"""No answer yet; answered, and about to come over the wire; nothing more to show."""

_WORDS = {"not-sent": "not sent", "refused": "refused", "unknown": "unknown"}
_MOMENT = 0.1  # seconds in which an open connection mostly brings the answer


class Message:
    """One message that was written here.

    Attributes:
        item: its fields.
        outcome: one of the three above, ``not-sent``, ``refused`` or ``unknown``.
        reason: the sentence that says why.
        row: its row in the list, or None.
        in_composer: whether its text was given back to the form.
    """

    __slots__ = ("begun", "in_composer", "item", "number", "outcome", "reason", "row")

    def __init__(self, item: dict[str, Any], number: int) -> None:
        self.item = item
        self.number = number
        self.begun = time.monotonic()
        self.outcome = WAITING
        self.reason = ""
        self.row: Any = None
        self.in_composer = False


class WaitingList:
    """Draws messages at the next frame after they have changed.

    Args:
        is_open: tells whether there is a connection.
    """

    def __init__(self, is_open: Callable[[], bool]) -> None:
        self._is_open = is_open
        self._rows = 0
        self._changed: dict[int, Message] = {}
        self._undrawn: deque[Message] = deque()  # what the full list has no room for
        self._is_due_soon = self._is_due_later = False
        self._on_frame = create_proxy(self._draw_frame)
        self._on_time = create_proxy(self._draw_later)

    def mark(self, message: Message) -> None:
        """Draw a message that is new, or has changed; take away one that is settled."""
        if message.outcome == SETTLED and message.row is None:
            self._changed.pop(message.number, None)
            return
        self._changed[message.number] = message
        if not self._is_early(message):
            self._ask_for_frame()
        elif not self._is_due_later:
            self._is_due_later = True
            setTimeout(self._on_time, _MOMENT * 1000)

    def _is_early(self, message: Message) -> bool:
        """Return whether the answer may come before anybody has missed it."""
        is_new = message.outcome == WAITING and message.row is None
        return is_new and self._is_open() and time.monotonic() - message.begun < _MOMENT

    def _ask_for_frame(self) -> None:
        if not self._is_due_soon:
            self._is_due_soon = True
            requestAnimationFrame(self._on_frame)

    def _draw_frame(self, _time: float) -> None:
        self._is_due_soon = False
        self._draw()

    def _draw_later(self) -> None:
        self._is_due_later = False
        self._draw()

    def _draw(self) -> None:
        changed, self._changed = self._changed, {}
        for message in changed.values():
            if self._is_early(message):
                self.mark(message)
            elif message.outcome == SETTLED:
                self._remove(message)
            elif message.row is not None:
                self._fill(message)
            else:
                self._undrawn.append(message)
        while self._undrawn and self._rows < ROWS:
            message = self._undrawn.popleft()
            if message.outcome != SETTLED and message.row is None:
                self._add(message)

    def _remove(self, message: Message) -> None:
        if message.row is not None:
            message.row.remove()
            message.row = None
            self._rows -= 1

    def _add(self, message: Message) -> None:
        template = document.getElementById("waiting-row").content.firstElementChild
        row = message.row = template.cloneNode(True)
        self._rows += 1
        row.dataset.number = str(message.number)
        user = message.item.get("user")
        row.children[0].textContent = "Anonymous" if user is None else text_of(user)
        row.children[1].textContent = text_of(message.item.get("text"))
        self._fill(message)
        document.getElementById("waiting").prepend(row)

    @staticmethod
    def _fill(message: Message) -> None:
        row = message.row
        row.dataset.outcome = message.outcome
        has_failed = message.outcome in _WORDS
        words = f"{_WORDS[message.outcome]}: {message.reason}" if has_failed else message.outcome
        if has_failed and row.children[2].textContent != words:
            rows.say(words)
        row.children[2].textContent = words
        row.children[3].hidden = not has_failed
