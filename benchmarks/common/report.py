"""What a benchmark says in the end: a table, where it was measured, and a plot.

The plot goes to a temporary folder. With ``--save`` it goes to docs/benchmarks/, and the table to
its place in docs/performance.md.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.common import machine
from benchmarks.common.set_up import ROOT
from tools.options import OptionParser, whole_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE = ROOT / "docs" / "performance.md"
PLOTS = ROOT / "docs" / "benchmarks"


def options(about: str | None, **defaults: int) -> argparse.Namespace:
    """Read the command line: a whole number for each of ``defaults``, and ``--save``.

    ``about`` is the docstring of the benchmark, which ``--help`` shows.
    """
    parser = parser_of(about)
    for name, value in defaults.items():
        parser.add_argument(
            f"--{name}", type=whole_number(1), default=value, help=f"({value})", metavar="NUMBER"
        )
    parser.add_argument(
        "--save", action="store_true", help="write the table and the plot into docs/"
    )
    return parser.read(sys.argv[1:])


def parser_of(about: str | None) -> OptionParser:
    """Return a parser for the command line of the benchmark that runs."""
    return OptionParser(f"python3 -m benchmarks.{Path(sys.argv[0]).stem}", about or "")


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of one benchmark.

    Attributes:
        name: the benchmark's, as in ``python3 -m benchmarks.NAME``.
        table: the figures.
        notes: lines below the table, such as all rounds.
        figure: the plot.
        chromium: the version of the browser; empty where there was none.
    """

    name: str
    table: str
    notes: tuple[str, ...]
    figure: "Figure"
    chromium: str = ""

    def publish(self, *, save: bool) -> None:
        """Print it and write its plot; into docs/ if ``save``."""
        print(f"\n{self.table}\n")
        print("\n".join((*self.notes, self._measured())))
        folder = PLOTS if save else Path(tempfile.mkdtemp(prefix="benchmarks-"))
        folder.mkdir(exist_ok=True)
        plot = folder / f"{self.name}.svg"
        self.figure.savefig(plot, metadata={"Date": None})
        print(f"\n{plot}")
        if save:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(placed(page, self.name, self._text()), encoding="utf-8")

    def _measured(self) -> str:
        given = " ".join([f"python3 -m benchmarks.{self.name}", *sys.argv[1:]])
        today = f"{date.today():%d %B %Y}".lstrip("0")
        return f"Measured on {today} with `{given}`: {machine.described(self.chromium)}."

    def _text(self) -> str:
        plot = f"![{self.name}](benchmarks/{self.name}.svg)"
        notes = [f"- {note}" for note in self.notes]
        return "\n".join(
            [self.table, "", *notes, *([""] if notes else []), self._measured(), "", plot]
        )


def placed(page: str, name: str, text: str) -> str:
    """Return ``page`` with ``text`` in the place of a benchmark.

    Raises ValueError if the page has no such place.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(page):
        raise ValueError(f"the page has no place for {name}: write {begin} and {end} into it")
    return pattern.sub(lambda _: f"{begin}\n\n{text}\n\n{end}", page)
