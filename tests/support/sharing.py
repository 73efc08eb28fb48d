"""What is made once for all workers of a run, in a folder that they share."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tools.locking import file_lock


@contextmanager
def shared_folder(request: pytest.FixtureRequest, name: str) -> Iterator[Path]:
    """Hold the folder that all workers of this run find by a name; one of them at a time."""
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    base = factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # each worker's own folder is in that of the run
        base = base.parent
    folder = base / name
    folder.mkdir(exist_ok=True)
    with file_lock(base / f"{name}.lock", lambda: None):
        yield folder
