"""Stamps: small files that record for which inputs a task was completed."""

import hashlib
import os
from pathlib import Path


def digest(*contents: bytes) -> str:
    """Return one digest of several contents, in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()


def is_stamped(path: Path, key: str) -> bool:
    """Tell whether the stamp at `path` is there and says `key`."""
    try:
        return path.read_text(encoding="ascii") == key
    except (OSError, ValueError):
        return False


def stamp(path: Path, key: str) -> None:
    """Write the stamp atomically. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(key, encoding="ascii")
    os.replace(draft, path)
