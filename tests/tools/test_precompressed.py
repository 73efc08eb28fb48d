"""Compressed files that are made while the page is served."""

import gzip
import shutil
import threading
from pathlib import Path

import pytest

from tools.environment import VirtualEnvironment
from tools.precompressed import PrecompressedFiles
from tools.steps import Steps
from web.config import runtime_folders

ROOT = Path(__file__).parents[2]
PACKAGES = VirtualEnvironment(ROOT).packages
FILES = 8


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose runtime is small, with nothing compressed."""
    shutil.copy(ROOT / "package-lock.json", tmp_path)
    for folder in runtime_folders(tmp_path).values():
        folder.mkdir(parents=True)
    for number in range(FILES):
        path = runtime_folders(tmp_path)["pyodide"] / f"{number:02}.js"
        path.write_text(f"{number}\n" * 20_000)
    return tmp_path


def compressed(checkout: Path) -> set[str]:
    """Return the names of the files that have a gzip, each of which is complete."""
    found = set()
    for path in runtime_folders(checkout)["pyodide"].glob("*.gz"):
        plain = path.with_suffix("")
        assert gzip.decompress(path.read_bytes()) == plain.read_bytes()
        found.add(plain.name)
    return found


def at_work() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "compressing"]


def test_they_are_made_while_the_page_is_served(checkout: Path) -> None:
    files = PrecompressedFiles(checkout, PACKAGES)
    with files.made_meanwhile():
        with PrecompressedFiles(checkout, PACKAGES).made_meanwhile():  # of a second start
            (thread,) = at_work()
        thread.join()
    assert len(compressed(checkout)) == FILES
    with files.made_meanwhile():
        assert at_work() == []


def test_one_that_is_ended_leaves_nothing_by_halves_and_the_next_goes_on(checkout: Path) -> None:
    files = PrecompressedFiles(checkout, PACKAGES)
    folder = runtime_folders(checkout)["pyodide"]
    (folder / "00.js.gz.1.new").touch()  # of one that was killed
    with files.made_meanwhile():
        assert len(at_work()) == 1
    assert at_work() == []
    some = {name: (folder / f"{name}.gz").stat().st_mtime_ns for name in compressed(checkout)}
    files.install(Steps(1, checkout))
    assert len(compressed(checkout)) == FILES
    assert {name: (folder / f"{name}.gz").stat().st_mtime_ns for name in some} == some
    assert list(folder.glob("*.new")) == []


def test_a_page_that_may_not_be_written_beside_is_served(tmp_path: Path) -> None:
    with PrecompressedFiles(tmp_path / "gone", PACKAGES).made_meanwhile():
        assert at_work() == []
