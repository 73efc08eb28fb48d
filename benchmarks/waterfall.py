"""A picture of one cold start, written to docs/waterfall.svg or to another file.

``python3 -m benchmarks.waterfall [FILE]``. It is drawn from the page's own entries: what was
fetched from when to when, and its marks.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.cold_start import load, tests_browser
from benchmarks.common.report import parser_of
from benchmarks.pages import Pages
from tools.options import file_to_write

_FILE = Path(__file__).resolve().parent.parent / "docs" / "waterfall.svg"
_ENTRIES = """() => ["resource", "mark"].flatMap((kind) => performance.getEntriesByType(kind)
  .map(({ name, startTime, responseEnd, transferSize }) =>
    ({ kind, name, start: startTime, end: responseEnd, size: transferSize })))"""
_MARKS = {
    "runtime:asked": "PyScript asks for Python",
    "runtime:snapshot": "the snapshot is there",
    "runtime:started": "Python runs",
    "python:ready": "app/main.py is imported",
    "realtime:open": "the socket is open",
    "realtime:subscribed": "subscribed",
}
_KINDS = {
    "runtime/start/": ("snapshot of Python's memory", "#6644ff"),
    "pyodide.asm.wasm": ("pyodide.asm.wasm", "#12875f"),
    "runtime/pyodide/": ("Pyodide's scripts", "#4fa98a"),
    "runtime/pyscript/": ("PyScript's scripts", "#c77700"),
    ".py": ("the app's Python files", "#c22a45"),
    "": ("the page's other files", "#8088a0"),
}
_WIDTH, _LEFT, _ROW, _TOP = 900, 220, 26, 24


@dataclass(slots=True)
class Bar:
    """What is fetched under one heading."""

    title: str
    color: str
    start: float
    end: float
    size: int = 0
    count: int = 0


def main(file: Path) -> None:
    """Load our page once to warm up, and once for the picture."""
    with TemporaryDirectory() as folder, tests_browser() as browser, Pages(folder) as pages:
        for _ in range(2):
            page = browser.new_context().new_page()
            load(page, pages.address("ours"))
            entries = page.evaluate(_ENTRIES)
    file.write_text(draw(entries), encoding="utf-8")
    print(file)


def draw(entries: list[dict[str, Any]]) -> str:
    """Return the picture of a page's entries, as SVG."""
    bars = list(_bars(entry for entry in entries if entry["kind"] == "resource"))
    marks = [entry for entry in entries if entry["kind"] == "mark" and entry["name"] in _MARKS]
    scale = (_WIDTH - _LEFT - 60) / max(mark["start"] for mark in marks)
    height = _TOP + _ROW * (len(bars) + len(marks)) + 16
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff" />',
        *_drawn_bars(bars, scale),
        *_drawn_marks(marks, scale, _TOP + _ROW * len(bars)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _bars(resources: Iterable[dict[str, Any]]) -> Iterator[Bar]:
    found: dict[str, Bar] = {}
    for entry in resources:
        title, color = next(kind for part, kind in _KINDS.items() if part in entry["name"])
        bar = found.setdefault(title, Bar(title, color, entry["start"], entry["end"]))
        bar.start, bar.end = min(bar.start, entry["start"]), max(bar.end, entry["end"])
        bar.size, bar.count = bar.size + entry["size"], bar.count + 1
    yield from sorted(found.values(), key=lambda bar: (bar.start, bar.end))


def _drawn_bars(bars: list[Bar], scale: float) -> Iterator[str]:
    for number, bar in enumerate(bars):
        y = _TOP + _ROW * number
        left, width = _LEFT + bar.start * scale, max(2, (bar.end - bar.start) * scale)
        count = f"{bar.count} files, " if bar.count > 1 else ""
        yield f'<text x="{_LEFT - 10}" y="{y + 4}" text-anchor="end">{escape(bar.title)}</text>'
        yield (
            f'<rect x="{left:.0f}" y="{y - 8}" width="{width:.0f}" height="16" rx="3" '
            f'fill="{bar.color}" />'
        )
        yield (
            f'<text x="{left + width + 6:.0f}" y="{y + 4}" fill="#5d6478">'
            f"{count}{bar.size / 1e6:.2f} MB</text>"
        )


def _drawn_marks(marks: list[dict[str, Any]], scale: float, top: float) -> Iterator[str]:
    for number, mark in enumerate(marks):
        x, y = _LEFT + mark["start"] * scale, top + _ROW * number
        yield f'<path d="M{x:.0f} 8V{y - 8:.0f}" stroke="#172033" stroke-dasharray="2 4" />'
        yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="#172033" />'
        yield (
            f'<text x="{x - 10:.0f}" y="{y + 4:.0f}" text-anchor="end">'
            f"{escape(_MARKS[mark['name']])}, {mark['start']:.0f} ms</text>"
        )


if __name__ == "__main__":
    parser = parser_of(__doc__)
    parser.add_argument("file", nargs="?", type=file_to_write, default=_FILE, help="(%(default)s)")
    main(parser.read(sys.argv[1:]).file)
