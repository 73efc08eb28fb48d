"""Tests that fail end the processes that they started."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tests.support.inner import run_pytest

MARK = "MARK_OF_A_TEST_RUN"

FAILING = """
from tests.e2e.conftest import port, site
from tests.support import quickstart
from tests.support.project import embedded
from tests.support.embedded import Embedded
from tests.test_readme import test_the_quickstart_runs_as_it_stands

source = quickstart.source
quickstart.source = lambda url: source("http://127.0.0.1:1")


def test_with_a_fixture(site):
    assert site.url == ""


def test_that_ends_nothing(tmp_path):
    server = Embedded(tmp_path).start()
    assert server.url == ""


def test_in_a_thread(tmp_path):
    with embedded(tmp_path, "handshake") as server:
        assert server.url == ""
"""


@pytest.fixture
def mark(request: pytest.FixtureRequest) -> Iterator[str]:
    """A text by which processes of a run are known; what is left of them in the end is killed."""
    mark = f"{os.getpid()}-{request.node.name}"
    yield mark
    for process in processes(mark):
        os.kill(process, signal.SIGKILL)


def processes(mark: str) -> dict[int, str]:
    """Return the command lines of the processes that inherited a mark, by process id."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}\0" in (folder / "environ").read_text(errors="replace"):
                found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="reads Linux' /proc")
def test_failed_tests_leave_no_process_behind(tmp_path: Path, mark: str) -> None:
    test = tmp_path / "test_failing.py"
    test.write_text(FAILING)
    code, printed = run_pytest(test, f"--rootdir={ROOT}", "-p", "no:playwright", **{MARK: mark})
    assert code == pytest.ExitCode.TESTS_FAILED, printed
    assert "4 failed" in printed
    assert processes(mark) == {}
