"""Tables: Markdown that a terminal shows in columns, too."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; every column but the first is aligned to the right.

    Raises ValueError if a row has another number of cells than the head.
    """
    lines = [list(head), *map(list, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (lines[0], rule, *lines[1:]))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
    return f"| {' | '.join((first, *others))} |"


def whole(value: float) -> str:
    """Return a number without decimals, its thousands apart."""
    return f"{value:,.0f}"


def listed(samples: Iterable[float]) -> str:
    """Return all samples, in the order in which they were taken."""
    return ", ".join(map(whole, samples))
