"""Plots, in one look, as SVG."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.common.figures import median

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, THEIRS = "#6644ff", "#8088a0"
COLORS = (OURS, "#12875f", "#c77700", "#c22a45", "#4fa98a", THEIRS)

Line = tuple[Sequence[float], Sequence[float]]
"""The points of a line: all x, all y."""


def bars(values: Mapping[str, Sequence[float]], label: str, title: str) -> "Figure":
    """Draw the medians of samples as bars, ours in colour, and each sample as a point."""
    figure, axes = _axes(1, title, height=0.9 + 0.5 * len(values))
    axes[0].set_xlabel(label)
    for place, (name, samples) in enumerate(values.items()):
        color = OURS if name.startswith("ours") else THEIRS
        axes[0].barh(place, median(samples), color=color, height=0.6)
        axes[0].plot(samples, [place] * len(samples), "k.", alpha=0.5)
    axes[0].set_yticks(range(len(values)), list(values))
    axes[0].invert_yaxis()
    return figure


def lines(panels: Mapping[str, Mapping[str, Line]], label: str, title: str) -> "Figure":
    """Draw lines in panels side by side, each named by its y-axis; ``label`` is the x-axis'."""
    figure, axes = _axes(len(panels), title, height=3.4)
    for axis, (name, drawn) in zip(axes, panels.items(), strict=True):
        axis.set_xlabel(label)
        axis.set_ylabel(name)
        for color, (line, (x, y)) in zip(COLORS, drawn.items(), strict=False):
            axis.plot(x, y, label=line, color=color)
        axis.set_ylim(bottom=0)
        if len(drawn) > 1:
            axis.legend(frameon=False)
    return figure


def cumulative(values: Mapping[str, Sequence[float]], label: str, title: str) -> "Figure":
    """Draw which share of each one's samples is at most so much."""
    figure, axes = _axes(1, title, height=3.4)
    axes[0].set_xlabel(label)
    axes[0].set_ylabel("share of the samples")
    for color, (name, samples) in zip(COLORS, values.items(), strict=False):
        axes[0].ecdf(samples, label=name, color=color)
    axes[0].legend(frameon=False)
    return figure


def _axes(count: int, title: str, height: float) -> "tuple[Figure, list[Axes]]":
    from matplotlib import rcParams  # takes a second, which only a plot is worth
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"] = "benchmarks"  # so that the same figures give the same file
    rcParams["axes.spines.top"] = rcParams["axes.spines.right"] = False
    rcParams["font.size"] = 10
    figure = Figure(figsize=(8, height), layout="constrained")
    figure.suptitle(title)
    return figure, list(figure.subplots(1, count, squeeze=False)[0])
