"""What was written here, until it is in ``#messages``; the form.

A message waits without an end for the connection. What fails says why, and can be sent again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from js import document
from pyodide.code import run_js
from pyodide.ffi import create_proxy

from app.view import faults, signing
from app.view.waiting import SAVED, SETTLED, Message, WaitingList

Item = dict[str, Any]
Create = Callable[[Item], Coroutine[Any, Any, Any]]

_NOT_SENT = {
    *("NOT_SENT", "NOT_CONNECTED", "NOT_DELIVERED", "OUTBOX_FULL", "USAGE_ERROR"),
    *("CONNECTION_FAILED", "AUTH_FAILED"),
}
_UNKNOWN = {"DELIVERY_UNKNOWN", "REPLY_TIMEOUT"}

_SHOWN_WITHIN = 1.0
"""Seconds in which the program shows what came before the freshness was live."""

# A page that listens for this all the time is slower to come back to, in some browsers.
_ask_before_leaving = run_js("""
(() => {
  const stay = (event) => event.preventDefault();
  return (asks) => (asks ? addEventListener : removeEventListener)("beforeunload", stay);
})()
""")


class Sending:
    """Sends messages, and shows those that are on their way or have failed.

    Args:
        create: creates an item.
        is_shown: tells whether the message of a key is in the list of messages already.
        is_settling: tells whether messages that were missed are still being read.
        is_open: tells whether there is a connection.
    """

    def __init__(
        self,
        create: Create,
        is_shown: Callable[[Any], bool],
        is_settling: Callable[[], bool],
        is_open: Callable[[], bool],
    ) -> None:
        self._create = create
        self._is_shown = is_shown
        self._is_settling = is_settling
        self._count = 0
        self._waiting = 0
        self._messages: dict[int, Message] = {}
        self._saved: dict[Any, Message] = {}  # by key
        self._list = WaitingList(is_open)
        self._composer = document.getElementById("composer")
        self._composer.send = create_proxy(self._submit)  # app/loading.js calls it
        document.getElementById("waiting").addEventListener("click", create_proxy(self._click))

    async def create(self, item: Item) -> Any:
        """Create an item, and show it until it has its outcome."""
        return await self._send(self._begin(item))

    def arrived(self, keys: list[Any]) -> None:
        """Record that the messages of these keys came over the wire."""
        for key in keys if self._saved else ():
            if isinstance(key, str | int) and (message := self._saved.pop(key, None)):
                self._settle(message, SETTLED)

    def live(self) -> None:
        """Record that what was missed has been read; what the program has yet to show, it shows."""
        if self._saved:
            asyncio.get_running_loop().call_later(_SHOWN_WITHIN, self._settle_saved)

    def _settle_saved(self) -> None:
        """Settle what was saved and is none of the messages that this page is sent."""
        if self._is_settling():
            return
        for message in self._saved.values():
            self._settle(message, SETTLED)
        self._saved.clear()

    def _begin(self, item: Item) -> Message:
        self._count += 1
        message = self._messages[self._count] = Message(item, self._count)
        self._waiting += 1
        if self._waiting == 1:
            _ask_before_leaving(True)
        self._list.mark(message)
        return message

    async def _send(self, message: Message) -> Any:
        try:
            row = await self._create(message.item)
        except Exception as error:
            self._answered()
            self._settle(message, _outcome_of(error), str(error))
            raise
        except BaseException:  # cancelled
            self._answered()
            self._settle(message, SETTLED)
            raise
        self._answered()
        key = row.get("id") if isinstance(row, dict) else None
        if isinstance(key, str | int) and self._is_settling() and not self._is_shown(key):
            self._saved[key] = message
            self._settle(message, SAVED)
        else:
            self._settle(message, SETTLED)
        return row

    def _answered(self) -> None:
        self._waiting -= 1
        if not self._waiting:
            _ask_before_leaving(False)

    def _settle(self, message: Message, outcome: str, reason: str = "") -> None:
        message.outcome, message.reason = outcome, reason
        if outcome == SETTLED:
            self._messages.pop(message.number, None)
        self._list.mark(message)

    # The form

    def _submit(self, text: str, user: str) -> None:
        """Send what the form holds; a text that was given back to it is sent again by that."""
        back = [each for each in self._messages.values() if each.in_composer]
        for message in [each for each in back if each.item["text"] == text]:
            self._settle(message, SETTLED)
        self._start(self._begin({"text": text, "user": user}), is_form=True)

    def _start(self, message: Message, *, is_form: bool = False) -> None:
        async def send() -> None:
            try:
                await self._send(message)
            except Exception as error:
                if not hasattr(error, "code"):  # no error of the SDK's: a fault of this program
                    faults.report(error)
                if is_form and message.outcome == "refused":
                    self._give_back(message)
                    signing.refused(error, "write")

        task = asyncio.ensure_future(send())
        _running.add(task)  # a task that nothing refers to may be collected
        task.add_done_callback(_running.discard)

    def _give_back(self, message: Message) -> None:
        """Put a text back into the form, unless another one is being written there."""
        text = document.getElementById("text")
        if not text.value:
            text.value = message.item["text"]
            message.in_composer = True

    def _click(self, event: Any) -> None:
        button = event.target.closest("button")
        if button is None:
            return
        message = self._messages[int(button.closest("li").dataset.number)]
        text = document.getElementById("text")
        if message.in_composer and text.value == message.item["text"]:
            text.value = ""
        self._settle(message, SETTLED)
        if button.dataset.action == "again":
            self._start(self._begin(message.item), is_form=True)
        text.focus()


def _outcome_of(error: Exception) -> str:
    code = getattr(error, "code", "")
    if code in _UNKNOWN:
        return "unknown"
    return "not-sent" if code in _NOT_SENT else "refused"


_running: set[asyncio.Future[None]] = set()
