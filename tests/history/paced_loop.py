"""An event loop whose clock runs at a pace of its own; the wire is real.

With a fast one a client comes back, asks for signs of life and gives up waiting sooner. With a slow
one it does what a computer does that has slept: it refreshes its token too late.
"""

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Waits as long as the loop's clock says."""

    def __init__(self, pace: float) -> None:
        super().__init__()
        self._pace = pace

    def select(self, timeout: float | None = None) -> Any:
        return super().select(None if timeout is None else timeout / self._pace)


class PacedLoop(asyncio.SelectorEventLoop):
    """An event loop.

    Args:
        pace: how many seconds go by on its clock in one.
    """

    def __init__(self, pace: float) -> None:
        self._pace = pace
        super().__init__(_Selector(pace))

    def time(self) -> float:
        return super().time() * self._pace
