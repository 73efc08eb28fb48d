"""Starts that are interrupted early, that nobody reads, or among modules of the person's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON: str = getattr(sys, "_base_executable", sys.executable)

INTERRUPTED_IMPORT = """
import signal
import sys

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "tools.stamps":  # which all of them import
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Finder)
"""


def test_ctrl_c_while_it_is_still_importing_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTED_IMPORT)
    for command in ("serve.py", "-m tests", "-m benchmarks.events"):
        ended = subprocess.run(
            [PYTHON, *command.split()],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert (ended.returncode, ended.stderr) in ((130, ""), (-signal.SIGINT, ""))


def test_a_persons_modules_do_not_stand_before_pythons_own(tmp_path: Path) -> None:
    (tmp_path / "argparse.py").write_text("raise SystemExit('not this one')")
    ended = subprocess.run(
        [PYTHON, str(ROOT / "serve.py"), "--help"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_what_nobody_reads_is_dropped() -> None:
    for closing, arguments, code in (
        ("", ["--help"], 0),
        (">&-", ["--help"], 0),
        (">&- 2>&-", ["--nope"], 2),
    ):
        reads, writes = os.pipe()
        os.close(reads)
        command = ["sh", "-c", f'exec "$@" {closing}', "sh", PYTHON, str(ROOT / "serve.py")]
        ended = subprocess.run([*command, *arguments], stdout=writes, stderr=subprocess.PIPE)
        os.close(writes)
        assert (ended.returncode, ended.stderr) == (code, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_who_is_not_there_has_no_answer() -> None:
    code = "from tools.output import keep_going; keep_going(); input()"
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", PYTHON, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert ended.stderr.splitlines()[-1].startswith("EOFError")
