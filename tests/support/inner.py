"""Runs pytest in a process of its own, for tests of the tests."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.embedded import ROOT


def run_pytest(*arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Run pytest with arguments, and more environment variables; return its exit code and output.

    It does not inherit what xdist and coverage set for the children of this process.
    """
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV"))}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)],
        cwd=ROOT,
        env={**outside, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr
