"""What runs in which tier, and how often a test repeats what it shows by many runs.

``python3 -m tests`` does a hundredth, ``.ci/run`` (with --directus) a tenth, and ``--soak`` all.
"""

import os

import pytest

_IS_PLAIN = not os.environ.keys() & {"SOAK", "DIRECTUS_INSTALL"}

costly = pytest.mark.skipif(_IS_PLAIN, reason="costly: runs with --directus and with --soak")
"""Marks what takes seconds of processor time, and is like something that runs in every tier."""


def runs(full: int) -> int:
    """Return the number of runs in this tier, of ``full`` in a soak."""
    if "SOAK" in os.environ:
        return full
    return full // (100 if _IS_PLAIN else 10)
