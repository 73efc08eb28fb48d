"""Steps with real child processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.locking import file_lock
from tools.steps import SetupError, Steps, size_of

# Runs a step whose child says its number through a pipe with a name, and then never ends.
ENDLESS = """
import signal
import sys
from pathlib import Path
from tools.locking import file_lock
from tools.steps import Steps

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # nohup has it ignored
folder = Path(sys.argv[1])
child = "import os, signal; open('pipe', 'w').write(str(os.getpid())); signal.pause()"
with file_lock(folder / "lock", lambda: None) as lock:
    Steps(1, folder, lock).run("Endless", [sys.executable, "-c", child], folder=folder)
"""

# Ctrl-C reaches the process when the child runs and is not known yet.
STARTS_LONG = """
import signal
import subprocess
import tools.steps

popen = subprocess.Popen

def start(*given, **named):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = popen(*given, **named)
    signal.sigwait({signal.SIGINT})
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.raise_signal(signal.SIGINT)
    return child

subprocess.Popen = start
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def start_endless(folder: Path, before: str = "") -> tuple[subprocess.Popen[str], int]:
    os.mkfifo(folder / "pipe")
    command = [*python(before + ENDLESS), str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return parent, int((folder / "pipe").read_text())


def test_steps_are_counted_and_say_how_far_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = Steps(2, tmp_path)
    steps.run("First", python("print('a')"), progress=lambda log: f"{len(log.split())} words")
    steps.run("Second", python(""))
    printed = capsys.readouterr().out
    assert "[1/2] First: 5 words, 0 s, done" in printed
    assert "[2/2] Second: 0 s, done" in printed


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        pytest.param("OSError: [Errno 28] No space left on device", "disk is full", id="disk"),
        pytest.param("npm error code ENOSPC", "disk is full", id="npm-disk"),
        pytest.param("Retrying: CERTIFICATE_VERIFY_FAILED", "PIP_CERT", id="certificate"),
        pytest.param("npm error code SELF_SIGNED_CERT", "NODE_EXTRA_CA_CERTS", id="npm-cert"),
        pytest.param("GET x attempt 3 failed with EAI_AGAIN", "does not answer", id="network"),
        pytest.param("npm error code EINTEGRITY", "not the one that the lock", id="integrity"),
        pytest.param("[Errno 13] Permission denied: 'x'", "writable", id="rights"),
        pytest.param("uv_os_homedir returned ENOENT", "name a folder in HOME", id="home"),
        pytest.param("Could not find a suitable TLS CA certificate bundle", "PIP_CERT", id="path"),
        pytest.param("ensurepip is not available", "python3-venv", id="venv"),
        pytest.param(f"{'x' * 9999} ENOSPC\na surprise", "a surprise", id="source"),
        pytest.param("a surprise", "exit code 3, 'a surprise': read the log", id="unknown"),
    ],
)
def test_a_failure_is_one_sentence_with_its_cure(tmp_path: Path, said: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=r"^Thing: .*log\.txt") as caught:
        Steps(1, tmp_path).run("Thing", python(f"print({said!r}); raise SystemExit(3)"))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_long_command_that_says_nothing_fails_in_a_sentence_too(tmp_path: Path) -> None:
    command = [*python("raise SystemExit(3)"), "x" * 9_999]
    with pytest.raises(SetupError, match="exit code 3"):
        Steps(1, tmp_path).run("Thing", command)


def test_a_step_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Slow: not done after 0 s; check the network"):
        Steps(1, tmp_path).run("Slow", python("import signal; signal.pause()"), timeout=0)


@pytest.mark.parametrize("before", ["", STARTS_LONG], ids=["running", "starting"])
def test_ctrl_c_ends_the_child_first(tmp_path: Path, before: str) -> None:
    parent, child = start_endless(tmp_path, before)
    parent.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in parent.communicate()[1]
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end_it_ends_the_child_first(tmp_path: Path, how: signal.Signals) -> None:
    parent, child = start_endless(tmp_path)
    parent.send_signal(how)
    said = parent.communicate()[1]
    with pytest.raises(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    assert (parent.returncode, said) == (128 + how, "")


def test_the_child_of_a_killed_set_up_keeps_others_waiting(tmp_path: Path) -> None:
    parent, child = start_endless(tmp_path)
    parent.kill()
    parent.communicate()
    waited = []

    def on_wait() -> None:
        waited.append(True)
        os.kill(child, signal.SIGKILL)

    with file_lock(tmp_path / "lock", on_wait):
        assert waited


def test_size_counts_files_with_an_ending(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.whl").write_bytes(b"12345")
    (tmp_path / "b.txt").write_bytes(b"123")
    assert size_of(tmp_path) == 8
    assert size_of(tmp_path, ".whl") == 5
    assert size_of(tmp_path / "none") == 0
