"""Stamps: small files that say for what exactly a piece of work was completed."""

import hashlib
import os
from pathlib import Path


def digest(*contents: bytes) -> str:
    """Return one key for several contents, in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()


def is_stamped(path: Path, key: str) -> bool:
    """Tell whether the stamp at `path` is there and says `key`."""
    try:
        return path.read_text(encoding="ascii") == key
    except (OSError, ValueError):
        return False


def stamp(path: Path, key: str) -> None:
    """Write the stamp so that it is there whole or not at all. Raises OSError."""
    draft = path.with_name(f"{path.name}.new")
    draft.write_text(key, encoding="ascii")
    os.replace(draft, path)
