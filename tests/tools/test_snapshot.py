"""The snapshot and the precompressed files that set-up made, and when they are to be made anew."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.tier import costly
from tools.environment import VirtualEnvironment
from tools.precompressed import PrecompressedFiles
from tools.snapshot import Snapshot
from tools.steps import Steps
from web.config import ENCODINGS, page_digest, page_files, runtime_folders

ROOT = Path(__file__).parents[2]
PACKAGES = VirtualEnvironment(ROOT).packages
HEAP = 31_457_280  # bytes, that Pyodide starts with


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a stamped snapshot, in a folder of any characters."""
    tmp_path = tmp_path / "a (b) 'c' \"d\" %41 #e é $x & ;"
    for name in (
        "package-lock.json",
        "pyscript.toml",
        "index.html",
        "app/main.py",
        *page_files(ROOT),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    runtime_folders(tmp_path)["start"].mkdir(parents=True)
    stamp = runtime_folders(tmp_path)["start"] / "snapshot.stamp"
    shutil.copy(ROOT / ".setup" / "start" / "snapshot.stamp", stamp)
    assert Snapshot(tmp_path, PACKAGES).is_current()
    return tmp_path


def test_what_set_up_made_fits_pyodides_memory_and_is_alone() -> None:
    folder = runtime_folders(ROOT)["start"]
    about = json.loads((folder / "snapshot.json").read_text())
    made = {name + ending for name in about["names"] for ending in ("", ".zst", ".gz", ".br")}
    assert {path.name for path in folder.glob("*.bin*")} == made
    assert about["size"]["whole"] - about["size"]["head"] == HEAP
    sizes = [(folder / name).stat().st_size for name in about["names"]]
    parts = sum(end - start for start, end in about["parts"])
    assert sum(sizes) == about["size"]["content"] == about["size"]["head"] + parts


def test_the_app_as_shipped_comes_whole_into_the_snapshot() -> None:
    """Set-up has made it of this checkout; `app` is empty where it does not hold all."""
    about = json.loads((runtime_folders(ROOT)["start"] / "snapshot.json").read_text())
    assert about["app"] == page_digest(ROOT) != ""


@pytest.mark.parametrize(
    "name",
    ["package-lock.json", "app/main.py", "app/page.py", "app/directus_realtime/items.py"],
)
def test_another_runtime_or_app_is_another_snapshot(checkout: Path, name: str) -> None:
    compressed = PrecompressedFiles(checkout, PACKAGES)
    (checkout / "node_modules").mkdir()
    compressed.install(Steps(1, checkout))
    assert compressed.is_current()
    with (checkout / name).open("a") as file:
        file.write("\n")
    assert not Snapshot(checkout, PACKAGES).is_current()
    assert not compressed.is_current()  # so that one set-up makes both


def test_settings_are_no_part_of_it(checkout: Path) -> None:
    settings = checkout / "pyscript.toml"
    settings.write_text(settings.read_text().replace("history = 50", "history = 0"))
    assert Snapshot(checkout, PACKAGES).is_current()


def test_a_file_that_is_listed_and_missing_stops_no_set_up(checkout: Path) -> None:
    (checkout / "app" / "page.py").unlink()
    assert not Snapshot(checkout, PACKAGES).is_current()


@pytest.mark.parametrize(
    ("file", "source", "reason"),
    [
        pytest.param("app/main.py", "def x(:\n", None, id="the page's script is no Python"),
        pytest.param(
            "app/page.py", "def x(:\n", "SyntaxError: .*page.py.*", id="no Python", marks=costly
        ),
        pytest.param(
            "app/directus_realtime/items.py",
            "import nowhere\n",
            "ModuleNotFoundError: No module named 'nowhere'",
            id="cannot be imported",
        ),
        pytest.param(
            "pyscript.toml",
            '[files]\n"data.json" = "data.json"\n',
            r"\[files\] lists what is no Python module",
            id="data",
            marks=costly,
        ),
    ],
)
def test_set_up_says_why_the_snapshot_does_not_hold_the_app(
    checkout: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    source: str,
    reason: str | None,
) -> None:
    # Node would follow a link to where this Pyodide lies.
    compressed = shutil.ignore_patterns("*.zst", "*.gz", "*.br")
    pyodide = runtime_folders(ROOT)["pyodide"]
    shutil.copytree(pyodide, checkout / "node_modules" / "pyodide", ignore=compressed)
    (checkout / "node_modules" / "@pyscript").symlink_to(ROOT / "node_modules" / "@pyscript")
    (checkout / "data.json").write_text("{}")
    (checkout / file).write_text(source)
    Snapshot(checkout, PACKAGES).install(Steps(1, checkout))
    about = json.loads((runtime_folders(checkout)["start"] / "snapshot.json").read_text())
    assert about["app"] == ("" if reason else page_digest(checkout))
    said = re.findall("The snapshot does not hold the app.*", capsys.readouterr().out)
    if reason is None:
        assert said == []
    else:
        (sentence,) = said
        assert re.fullmatch(
            f"The snapshot does not hold the app, so the page starts slower: {reason}[.]", sentence
        )


def test_the_large_files_have_smaller_precompressed_ones() -> None:
    assert PrecompressedFiles(ROOT, PACKAGES, ENCODINGS).is_current()
    for name in ("pyodide.asm.wasm", "pyodide.asm.mjs", "pyodide-lock.json"):
        path = runtime_folders(ROOT)["pyodide"] / name
        for ending in (".zst", ".gz"):
            assert path.with_name(name + ending).stat().st_size < path.stat().st_size / 2
