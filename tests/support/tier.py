"""How often to do what a soak does many times: ``python3 -m tests``, with --directus, --soak."""

import os


def runs(full: int) -> int:
    """Return ``full`` in a soak, a tenth of it with a real Directus, else a fortieth."""
    if "SOAK" in os.environ:
        return full
    return full // (10 if "DIRECTUS_INSTALL" in os.environ else 40)
