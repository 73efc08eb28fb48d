"""The transports of this platform: the browser's in Pyodide, else CPython's."""

import sys
from functools import cache

from .base import Storage, Transports


@cache
def transports() -> Transports:
    """Return the transports of this platform.

    They are chosen and imported at the first call: the page's snapshot is made without ``js``.
    """
    if sys.platform == "emscripten":
        from . import browser

        return browser
    from . import native

    return native


def local_storage(key: str = "directus") -> Storage:
    """Return a storage that is kept when the page is closed: ``localStorage``, under ``key``.

    Raises:
        UsageError: this is not a browser, or it is a worker, which has no localStorage.
    """
    return transports().local_storage(key)
