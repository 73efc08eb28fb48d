"""The core is tested whole: every branch of it, by tests that are quick and always do the same."""

from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tests.support.inner import run_pytest
from tests.support.tier import costly

CORE = ROOT / "app" / "directus_realtime" / "core"
# They start servers, or try what chance gives them, many times.
NOT_COUNTED = (
    "a_day",
    "causes",
    "coverage",
    "driver",
    "driver_waits",
    "driving_the_core",
    "fuzz_core",
    "items",
    "live",
    "live_disturbed",
    "live_parts",
    "live_sharing",
    "live_truth",
    "nested_fields",
    "nothing_lost",
    "parity",
    "realtime",
    "transports",
    "turns",
)


@costly
def test_every_branch_of_the_core_is_tested(tmp_path: Path) -> None:
    code, printed = run_pytest(
        *("-q", "tests/app", *(f"--ignore=tests/app/test_{name}.py" for name in NOT_COUNTED)),
        *("--cov=directus_realtime.core", "--cov-branch", "--cov-fail-under=100"),
        "--cov-report=term-missing:skip-covered",
        COVERAGE_FILE=str(tmp_path / "coverage"),
    )
    assert code == pytest.ExitCode.OK, printed


@pytest.mark.parametrize("path", sorted(CORE.glob("*.py")), ids=lambda path: path.stem)
def test_nothing_of_the_core_is_left_out(path: Path) -> None:
    assert "no cover" not in path.read_text(encoding="utf-8")
