"""The steps of a set-up: child processes, with their progress, their log and their errors."""

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.clean_environment import clean_environment
from tools.ending import ctrl_c_held, requests_to_end, stop

# A pattern in the log of a failed child, and the sentence for it. The first that matches wins: a
# certificate that is refused looks like a lost network further down the same log.
_CAUSES = (
    (
        r"No space left on device|ENOSPC|Errno 28",
        "the disk is full: free some space and start again",
    ),
    (
        # It comes after a failed download of what would have spared the compiling.
        r"gyp ERR!",
        "a module had to be compiled here, and that takes make and a C++ compiler: install them "
        "(Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install; Windows: "
        "the C++ build tools of Visual Studio) and start again",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|unable to get local issuer",
        "the package registry's certificate is not trusted here: name your certificate file in "
        "PIP_CERT and NODE_EXTRA_CA_CERTS and start again",
    ),
    (
        r"Missing dependencies for SOCKS",
        "ALL_PROXY or HTTPS_PROXY names a SOCKS proxy, which pip cannot use: unset it for this "
        "start, or name an HTTP proxy in HTTPS_PROXY",
    ),
    (
        r"Could not find a suitable TLS CA certificate bundle",
        "the certificate file that PIP_CERT, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not "
        "there: name one that is, or unset the variable, and start again",
    ),
    (
        r"NewConnectionError|Failed to establish|name resolution|ConnectTimeout|timed out|Retrying"
        r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH",
        "the package registry does not answer: check the network, or your own registry and proxy "
        "settings, and start again",
    ),
    (
        r"uv_os_homedir",
        "this user has no home folder, where npm keeps what it downloads: name a folder in HOME "
        "and start again",
    ),
    (
        r"DO NOT MATCH THE HASHES|EINTEGRITY",
        "a downloaded file is not the one that the lock file names: empty the cache "
        "(pip cache purge, npm cache clean --force) and start again",
    ),
    (
        r"Permission denied|Operation not permitted|Read-only file system|EACCES|EROFS|EPERM",
        "a file may not be written: make the folder and your package caches writable for your "
        "user and start again",
    ),
    (
        r"ensurepip is not|No module named '?(ensurepip|venv)",
        "this Python has no venv module: install it (Debian and Ubuntu: apt install python3-venv) "
        "and start again",
    ),
)
_LEAST_FREE = 1_000_000  # bytes; a child on a full disk cannot even write why it failed
_LONGEST_LINE = 5_000  # characters
_TICK = 0.2  # seconds between two looks at a running child
_BY_SIGNAL = 128  # plus the signal's number: the exit code that a shell gives
_LINE_EVERY = 5.0  # seconds between two progress lines where lines cannot be rewritten


class SetupError(Exception):
    """One sentence for the user: what went wrong, and the cure."""


def megabytes(count: int) -> str:
    """Return a number of bytes as text, in megabytes."""
    return f"{count / 1e6:.1f} MB"


def size_of(folder: Path, ending: str = "") -> int:
    """Return the bytes of the files under `folder`, which may change meanwhile."""
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += name.endswith(ending) and os.lstat(os.path.join(where, name)).st_size
    return total


class Steps:
    """Runs the steps of one set-up in turn, each as a child process, and shows their progress.

    The log is written to `folder`. Children inherit `lock_fd`, the descriptor of a file lock, which
    stays locked until they end.
    """

    def __init__(self, total: int, folder: Path, lock_fd: int | None = None) -> None:
        """Count up to `total` steps."""
        self._total = total
        self._number = 0
        self._log = folder / "log.txt"
        self._lock_fd = lock_fd

    def run(
        self,
        title: str,
        command: Sequence[str],
        *,
        progress: Callable[[str], str] = lambda log: "",
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        timeout: float | None = None,
    ) -> None:
        """Run one step to its end, `timeout` seconds at most.

        `progress` returns a short text for what the child has printed so far. `environment` is
        added to what :func:`tools.clean_environment.clean_environment` leaves. Raises SetupError
        when the child fails or is too slow, and SystemExit when this process is asked to end. The
        child never outlives this call.
        """
        self._number += 1
        line = _Line(f"[{self._number}/{self._total}] {title}")
        # A path that is not in UTF-8 is written in another way.
        opened = self._log.open("w", encoding="utf-8", errors="backslashreplace")
        with opened as log, requests_to_end() as asked:
            log.write(f"$ {shlex.join(command)}\n")
            log.flush()
            child = None
            try:
                with ctrl_c_held():
                    child = self._start(command, log.fileno(), environment, folder)
                self._watch(child, line, progress, timeout, asked)
            except BaseException:
                line.abandon()
                raise
            finally:
                if child is not None:
                    stop(child)
        if child.returncode:
            line.abandon()
            raise self._step_error(title, child.returncode)
        line.finish(progress(self._read_log()))

    def _start(
        self,
        command: Sequence[str],
        log: int,
        environment: Mapping[str, str] | None,
        folder: Path | None,
    ) -> subprocess.Popen[bytes]:
        keep = () if self._lock_fd is None or sys.platform == "win32" else (self._lock_fd,)
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=clean_environment() | dict(environment or {}),
            cwd=folder,
            pass_fds=keep,
            # A group of its own: Ctrl-C reaches this process alone, which then ends the child.
            start_new_session=True,
        )

    def _watch(
        self,
        child: subprocess.Popen[bytes],
        line: "_Line",
        progress: Callable[[str], str],
        timeout: float | None,
        asked: list[int],
    ) -> None:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_TICK)
            if asked:
                raise SystemExit(_BY_SIGNAL + asked[0])
            if child.returncode is not None:
                return
            line.show(progress(self._read_log()))
            if timeout is not None and line.elapsed > timeout:
                raise SetupError(
                    f"{line.title}: not done after {timeout:.0f} s; check the network and start "
                    f"again (log: {self._log})"
                )

    def _read_log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _step_error(self, title: str, code: int) -> SetupError:
        # A line that long is the source that Node shows where a bundle fails: it names every error.
        log = "\n".join(line for line in self._read_log().splitlines() if len(line) < _LONGEST_LINE)
        reason = next((cure for pattern, cure in _CAUSES if re.search(pattern, log)), None)
        if shutil.disk_usage(self._log.parent).free < _LEAST_FREE:
            reason = _CAUSES[0][1]
        if reason is None:
            last = (log.strip().splitlines() or ["it said nothing"])[-1]
            reason = f"exit code {code}, {last!r}: read the log, mend that and start again"
        return SetupError(f"{title}: {reason} (log: {self._log})")


class _Line:
    """The line of one step: rewritten in place on a terminal, repeated sparingly elsewhere."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._started = self._shown = time.monotonic()
        self._rewrites = sys.stdout.isatty()
        print(f"{title} ...", end="" if self._rewrites else "\n", flush=True)

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def show(self, text: str) -> None:
        if self._rewrites:
            print(f"\r\x1b[K{self._with(text)}", end="", flush=True)
        elif time.monotonic() - self._shown >= _LINE_EVERY:
            self._shown = time.monotonic()
            print(self._with(text), flush=True)

    def finish(self, text: str) -> None:
        print(f"{self._clear()}{self._with(text)}, done", flush=True)

    def abandon(self) -> None:
        print(self._clear(), end="\n" if self._rewrites else "", flush=True)

    def _clear(self) -> str:
        return "\r\x1b[K" if self._rewrites else ""

    def _with(self, text: str) -> str:
        return f"{self.title}: {text}{', ' if text else ''}{self.elapsed:.0f} s"
