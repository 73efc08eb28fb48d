"""The hooks of pre-commit: they run what `python3 -m tests` runs, and download nothing."""

import re
from collections.abc import Iterator

from tests.__main__ import CHECKS, ROOT

PYTHON = ".venv/bin/python -m "
LINE = re.compile(r"(?P<indent> *)(?P<item>- )?(?P<name>[a-z_]+):(?: (?P<value>[^#'\"{}\[\]:]+))?")


def hooks() -> list[dict[str, str]]:
    """Read the hooks of the one repository; the file keeps to a part of YAML that this reads."""
    repository, found = {}, list[dict[str, str]]()
    for indent, is_item, name, value in parsed_lines():
        if indent == 6 and is_item:
            found.append({})
        assert is_item or indent in (0, 4, 8), "in line with the item's first name"
        if found:
            found[-1][name] = value
        else:
            repository[name] = value
    assert repository == {"repos": "", "repo": "local", "hooks": ""}
    return found


def parsed_lines() -> Iterator[tuple[int, bool, str, str]]:
    for line in (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match is not None, line
            yield len(match["indent"]), bool(match["item"]), match["name"], match["value"] or ""


def test_every_hook_runs_from_the_checkouts_own_environment() -> None:
    for hook in hooks():
        assert hook.keys() == {"id", "name", "entry", "language", "always_run", "pass_filenames"}
        assert hook["language"] == "system"
        assert hook["entry"].startswith(PYTHON)
        assert (hook["always_run"], hook["pass_filenames"]) == ("true", "false")


def test_the_hooks_are_the_checks_and_the_layers() -> None:
    commands = [hook["entry"].removeprefix(PYTHON) for hook in hooks()]
    assert commands == [*map(" ".join, CHECKS), "pytest -q tests/test_layers.py"]
