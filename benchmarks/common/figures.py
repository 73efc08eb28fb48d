"""Statistics of samples: medians, percentiles, ratios."""

import math
from collections.abc import Sequence


def median(samples: Sequence[float]) -> float:
    """Return the median. Raises ValueError if there are no samples."""
    return percentile(samples, 50)


def percentile(samples: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` percent of the samples lie.

    Between two samples it is interpolated. Raises ValueError if there are no samples.
    """
    if not samples:
        raise ValueError("there are no samples to take a percentile of")
    ordered = sorted(samples)
    place = (len(ordered) - 1) * share / 100
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below + (above - below) * (place - math.floor(place))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of ours as a multiple of the median of theirs."""
    return median(ours) / median(theirs)
