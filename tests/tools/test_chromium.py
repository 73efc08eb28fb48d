"""Finding a Chromium among programs that the tests put on a PATH."""

from pathlib import Path

import pytest

from tools.chromium import find
from tools.steps import SetupError


def program(folder: Path, name: str) -> str:
    path = folder / name
    path.touch(mode=0o755)
    return str(path)


def test_the_named_one_wins(tmp_path: Path) -> None:
    named = program(tmp_path, "mine")
    program(tmp_path, "chromium")
    assert find({"CHROMIUM": named, "PATH": str(tmp_path)}) == named
    assert find({"CHROMIUM": "mine", "PATH": str(tmp_path)}) == named


def test_a_name_of_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CHROMIUM names 'gone', which is no program here"):
        find({"CHROMIUM": "gone", "PATH": str(tmp_path)})


def test_the_first_known_name_on_the_path_is_taken(tmp_path: Path) -> None:
    edge = program(tmp_path, "microsoft-edge")
    assert find({"PATH": str(tmp_path)}) == edge
    chromium = program(tmp_path, "chromium")
    assert find({"PATH": str(tmp_path)}) == chromium


def test_without_any_playwright_is_asked_for_its_own(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    assert find(environ) is None


def test_the_one_without_a_window_is_preferred(tmp_path: Path) -> None:
    program(tmp_path, "chromium")
    shell = program(tmp_path, "chromium-headless-shell")
    assert find({"PATH": str(tmp_path)}) == shell
