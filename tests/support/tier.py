"""How often a test repeats what it shows by many runs. There are three tiers.

``python3 -m tests`` does a hundredth, ``.ci/run`` (with --directus) a tenth, and ``--soak`` all.
"""

import os


def runs(full: int) -> int:
    """Return the number of runs in this tier, of ``full`` in a soak."""
    if "SOAK" in os.environ:
        return full
    return full // (10 if "DIRECTUS_INSTALL" in os.environ else 100)
