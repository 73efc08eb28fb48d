"""The rules of the server are tested whole: every branch, by the module's own tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = {"query.permission": "access"}


@pytest.mark.parametrize(
    "module",
    ["websocket.session", "realtime.hub", "query.query", "auth.access", "query.permission"],
)
def test_every_branch_is_tested(module: str, tmp_path: Path) -> None:
    tests = TESTS.get(module, module.rpartition(".")[2])
    # Where these tests are measured themselves, the measured run shall not be measured again.
    outside = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    run = subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "pytest",
                "-q",
                f"tests/server/test_{tests}.py",
            ),
            *(f"--cov=server.{module}", "--cov-branch", "--cov-fail-under=100"),
            *("--cov-report=term-missing", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env={**outside, "COVERAGE_FILE": str(tmp_path / "coverage")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    source = (ROOT / "server" / f"{module.replace('.', '/')}.py").read_text()
    assert "no cover" not in source, "nothing is left out"
