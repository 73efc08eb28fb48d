"""What a program wants to be called at an event."""

from collections.abc import Callable, Sequence


class Callbacks:
    """Functions to call, in the order in which they were added.

    The same function may be among them twice: each is removed by what its own ``add`` returned,
    however often that is called.
    """

    def __init__(self) -> None:
        self._callbacks: dict[object, Callable[..., object]] = {}

    def add(self, callback: Callable[..., object]) -> Callable[[], None]:
        """Add ``callback``; return a function that removes it."""
        key = object()
        self._callbacks[key] = callback

        def remove() -> None:
            self._callbacks.pop(key, None)

        return remove

    def all(self) -> Sequence[Callable[..., object]]:
        """Return those that are there now."""
        return tuple(self._callbacks.values())
