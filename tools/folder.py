"""The checkout's folder: whether all can work in it, and what is wrong with a file there."""

import os
from pathlib import Path

from tools.steps import SetupError


def check_folder(root: Path) -> None:
    """Refuse a folder that Python or Node cannot work in. Raises SetupError."""
    cure = "move or rename it and start again"
    if os.pathsep in str(root):
        raise SetupError(
            f"the folder {root} has {os.pathsep!r} in its path, with which Python makes no "
            f"virtual environment: {cure}"
        )
    if os.fsencode(root).decode("utf-8", "replace") != str(root):
        raise SetupError(f"the path of the folder {root} is not in UTF-8, as Node needs it: {cure}")


def why_not(error: OSError, path: str | Path) -> str:
    """Return what is wrong with a file of the checkout, and the cure."""
    if isinstance(error, FileNotFoundError):
        return f"{path} is missing: take it from the repository again, and start again"
    if os.path.isfile(path) and not os.access(path, os.R_OK):
        return f"cannot read {path} ({error.strerror}): make it readable and start again"
    return (
        f"cannot write {path} ({error.strerror}): make the checkout's folder writable and see that "
        "its disk has space, then start again"
    )
