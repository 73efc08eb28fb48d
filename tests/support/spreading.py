"""The order in which tests of two kinds run side by side."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")


def spread(parts: Sequence[Sequence[T]], key: Callable[[T], object]) -> list[T]:
    """Merge ``parts`` so that the items of each are spread evenly over the whole.

    Each part keeps its order, and its items in a row that have one key stay together.
    """
    placed: list[tuple[float, list[T]]] = []
    for part in parts:
        begin = 0
        for _, items in groupby(part, key):
            together = list(items)
            middle = begin + len(together) / 2
            placed.append((middle / len(part), together))
            begin += len(together)
    placed.sort(key=lambda each: each[0])
    return [item for _, together in placed for item in together]
