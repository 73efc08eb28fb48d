"""What is made once for all workers of a run, in a folder that they share."""

from collections.abc import Callable, Iterator
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


def made_once(request: pytest.FixtureRequest, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder of a name, which the first worker that asks for it has ``make`` fill."""
    with shared_folder(request, name) as folder:
        made = folder.with_suffix(".made")
        if not made.exists():
            make(folder)
            made.touch()
    return folder
