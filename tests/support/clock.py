"""An event loop with simulated time: when nothing is left to do, time jumps to the next timer."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.SelectSelector):
    """Advances the time instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everything waits for something that will not come"
            self.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run(scene: Coroutine[Any, Any, None]) -> None:
    """Run a scene that does no input and no output."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(scene)


def now() -> float:
    """Return the time."""
    return asyncio.get_running_loop().time()
