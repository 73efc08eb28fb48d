"""What `python3 -m tests` reads before it sets anything up."""

import pytest

from tests.__main__ import check_options
from tests.arguments import Arguments, read
from tools.directus_package import VERSION, versions


def asked(*arguments: str) -> Arguments:
    return read(list(arguments), versions(), VERSION)


def test_ours_are_told_from_pytests() -> None:
    assert asked() == Arguments(None, False, False, [])
    assert asked("--soak", "-x") == Arguments(VERSION, True, True, ["-x"])
    assert asked("--engines") == Arguments(None, True, False, [])
    others = ["-k", "tests/no.py", "--durations=5", "--disable-warnings", "tests/test_layers.py::x"]
    assert asked("--directus", *others) == Arguments(VERSION, False, False, others)
    assert asked("--directus=11.17.4").directus == "11.17.4"


@pytest.mark.parametrize(
    ("argument", "sentence"),
    [
        ("--drectus", "there is no option --drectus: did you mean --directus?"),
        ("--direct=12.4.0", "there is no option --direct: did you mean --directus?"),
        ("--soka", "there is no option --soka: did you mean --soak?"),
        ("--directus=9", "--directus=9: expected one of 11.17.4, 12.0.2, 12.4.0"),
        ("tests/test_layer.py", "there is no file tests/test_layer.py: did you mean tests/test_la"),
    ],
)
def test_what_is_misspelt(argument: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        asked(argument, "-x")
    assert sentence in capsys.readouterr().err


def test_help_says_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        asked("--help")
    said = capsys.readouterr().out
    assert all(
        word in said
        for word in ("--directus", "--engines", "--soak", "11.17.4", "pytest", "-k", "SEED")
    )


def test_pytest_looks_at_its_own_first(capfd: pytest.CaptureFixture[str]) -> None:
    assert check_options(["--duratons=5"]) == pytest.ExitCode.USAGE_ERROR
    assert "unrecognized arguments: --duratons=5" in capfd.readouterr().err
