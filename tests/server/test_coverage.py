"""The rules of the server are tested whole: every branch, by these modules' own tests."""

from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tests.support.inner import run_pytest
from tests.support.tier import costly

TESTS = {
    "auth.access": "access",
    "query.bound": "relations",
    "query.permission": "access",
    "query.query": "query",
    "query.source": "relations",
    "query.tree": "relations",
    "realtime.hub": "hub",
    "websocket.session": "session",
}
"""The file of tests of each module."""


@costly
def test_every_branch_is_tested(tmp_path: Path) -> None:
    code, printed = run_pytest(
        *("-q", *(f"tests/server/test_{name}.py" for name in sorted(set(TESTS.values())))),
        *(f"--cov=server.{module}" for module in TESTS),
        *("--cov-branch", "--cov-fail-under=100", "--cov-report=term-missing"),
        COVERAGE_FILE=str(tmp_path / "coverage"),
    )
    assert code == pytest.ExitCode.OK, printed


@pytest.mark.parametrize("module", TESTS)
def test_nothing_is_left_out(module: str) -> None:
    source = ROOT / "server" / f"{module.replace('.', '/')}.py"
    assert "no cover" not in source.read_text(encoding="utf-8")
