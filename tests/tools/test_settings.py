"""Settings, read from files."""

from pathlib import Path

import pytest

from app.settings import Settings
from tools.settings import read_settings
from tools.steps import SetupError


def write(folder: Path, text: str) -> Path:
    path = folder / "pyscript.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_projects_own_file_has_the_defaults() -> None:
    own = Path(__file__).parents[2] / "pyscript.toml"
    assert read_settings(own) == Settings()


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    path = write(tmp_path, '[files]\n\n[directus]\ntoken = "t"\nauth_mode = "strict"\n')
    assert read_settings(path) == Settings(token="t", auth_mode="strict")
    assert read_settings(write(tmp_path, "")) == Settings()


def test_a_byte_order_mark_is_no_part_of_the_file(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, '\ufeff[directus]\ntoken = "t"')) == Settings(token="t")


def test_a_file_in_another_encoding_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "pyscript.toml"
    path.write_text("[directus]", encoding="utf-16")
    with pytest.raises(SetupError, match="not in UTF-8, as TOML is; save it in that encoding"):
        read_settings(path)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        pytest.param('tokn = "x"', "line 3: .* no setting 'tokn'; it has url, token", id="unknown"),
        pytest.param("token = 1", "line 3: token must be a text in quotes, and is 1", id="number"),
        pytest.param("history = true", "line 3: history must be a whole number", id="bool"),
        pytest.param("history = -1", "line 3: history must be 0 or more", id="negative"),
        pytest.param("log = 1", "line 3: log must be true or false", id="not bool"),
        pytest.param('auth_mode = "x"', "handshake, strict, public, and is 'x'", id="mode"),
        pytest.param('token = "x', "line 3, column", id="broken"),
        pytest.param('url = ""', "line 3, column", id="twice"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    path = write(tmp_path, f'[directus]\nurl = ""\n{line}\n')
    with pytest.raises(SetupError, match=fault) as caught:
        read_settings(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_table_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        read_settings(tmp_path / "pyscript.toml")
    with pytest.raises(SetupError, match=r"expected a table \[directus\]"):
        read_settings(write(tmp_path, "directus = 1\n"))
