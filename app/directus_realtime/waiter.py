"""What a task waits at until the driver has something for it."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

from .errors import DirectusError

Value = TypeVar("Value")


class Waiter(Generic[Value]):
    """Like a Future for one task, which ``resume`` continues on the spot if no task is running.

    A Future continues its task in the next turn of the event loop. With ``resume`` a consumer
    handles a message in the very turn in which it came, before handlers see the next one; in a
    browser each turn that is saved is a proxy and a task of JavaScript less.

    A task accepts any object with these methods in place of a Future (asyncio's own protocol, of
    which ``_asyncio_future_blocking`` is a part).
    """

    __slots__ = (
        "_asyncio_future_blocking",
        "_callback",
        "_context",
        "_error",
        "_is_settled",
        "_loop",
        "_value",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._value: Value | None = None
        self._error: BaseException | None = None
        self._is_settled = False
        self._callback: Callable[[Any], object] | None = None
        self._context: Context | None = None

    def set(self, value: Value) -> None:
        """Let the task have ``value``, once it is resumed; only the first one counts."""
        if not self._is_settled:
            self._is_settled, self._value = True, value

    def fail(self, error: DirectusError) -> None:
        """Raise ``error`` in the task, once it is resumed; only the first one counts."""
        if not self._is_settled:
            self._is_settled, self._error = True, error

    def resume(self) -> None:
        """Continue the task: on the spot, or in the next turn where another task is running."""
        callback, self._callback = self._callback, None
        if callback is None or self._context is None:  # it does not wait, or no longer
            return
        if self._loop.is_closed():  # the task has ended with it
            return
        if asyncio.current_task(self._loop) is None:
            self._context.run(callback, self)
        else:
            self._loop.call_soon(callback, self, context=self._context)

    def __await__(self) -> Generator[Any, None, Value]:
        if not self._is_settled:
            self._asyncio_future_blocking = True
            yield self
        return self.result()

    # What a task asks of a Future

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop of the task."""
        return self._loop

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Context) -> None:
        """Remember how the task is continued."""
        self._callback, self._context = callback, context
        if self._is_settled:
            self.resume()

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the wait; return whether that was possible."""
        if self._callback is None or self._context is None:
            return False
        self._is_settled, self._error = True, asyncio.CancelledError(*([msg] if msg else []))
        callback, self._callback = self._callback, None
        self._loop.call_soon(callback, self, context=self._context)
        return True

    def result(self) -> Value:
        """Return the value, or raise the error."""
        if self._error is not None:
            raise self._error
        return self._value  # type: ignore[return-value]  # a task asks only when it is settled
