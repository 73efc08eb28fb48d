"""The description that lies beside a snapshot, and what of it a page is told."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Description = Mapping[str, Any]

_FILE = "snapshot.json"
# What the page needs to restore the memory, and to see that it is the right one.
_FOR_THE_PAGE = ("size", "constant", "parts", "zeros", "sums", "version")


def read(folder: Path) -> Description:
    """Return the description of the snapshot in ``folder``; empty if there is no snapshot."""
    try:
        return dict(json.loads((folder / _FILE).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return {}


def for_the_page(about: Description, address: str, files: Mapping[str, str]) -> Description:
    """Return what a page is told.

    Args:
        about: the description.
        address: the folder that the page fetches the slices of the memory from.
        files: the files that the page fetches if it has to start without the snapshot, each with
            its path in the page.
    """
    slices = [f"{address}/{name}" for name in about.get("names", [])]
    return {name: about.get(name) for name in _FOR_THE_PAGE} | {"slices": slices, "files": files}
