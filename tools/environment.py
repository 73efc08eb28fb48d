"""Set-up: the checkout's own virtual environment, and everything else that it needs to start.

Only the standard library is used here, because nothing else is installed before set-up. Each task
writes a stamp when it is complete. A start that finds every stamp current does nothing else; any
other start does the tasks that are missing. A lock keeps two starts apart.
"""

import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tools.clean_environment import clean
from tools.folder import check_folder, why_not
from tools.locking import file_lock
from tools.precompressed import PrecompressedFiles
from tools.runtime import Runtime
from tools.snapshot import Snapshot
from tools.stamps import digest, is_stamped, stamp
from tools.steps import SetupError, Steps, megabytes, size_of
from web.config import ENCODINGS

# The name of compiled modules tells the version, the build and the machine in one word.
_PYTHON = importlib.machinery.EXTENSION_SUFFIXES[0]
# Pip's configuration files may say otherwise of the first two. Python compiles what it imports when
# it imports it; to compile all packages takes two seconds more.
_INTO_THE_ENVIRONMENT = ("--no-user", "--target=", "--no-compile")


class SetupTask(Protocol):
    """One task of set-up."""

    def is_current(self) -> bool:
        """Tell, from files alone, whether there is nothing to do."""

    def install(self, steps: Steps) -> None:
        """Do it, as one step, also after a run that was interrupted; raises SetupError."""


class VirtualEnvironment:
    """The folder .venv of a checkout."""

    def __init__(self, root: Path) -> None:
        """Describe the environment of the checkout at `root`."""
        self.root = root
        self.folder = root / ".venv"
        self._stamp = self.folder / "made.stamp"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def packages(self) -> Path:
        """The folder that its packages are installed in."""
        base = str(self.folder)
        where = {"base": base, "platbase": base, "installed_base": base}
        return Path(sysconfig.get_path("purelib", "venv", where))

    @property
    def is_active(self) -> bool:
        """Whether this process runs in it."""
        return Path(sys.prefix).resolve() == self.folder.resolve()

    def is_current(self) -> bool:
        """Tell whether it was made at this path, since it cannot be moved, and by this Python."""
        made = is_stamped(self._stamp, self._key) and self.python.exists()
        return made and self._paths.exists()

    def install(self, steps: Steps) -> None:
        """Make it anew, in place of whatever is there."""
        if not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
            raise SetupError(
                "this Python has no venv module: install it (Debian and Ubuntu: "
                "apt install python3-venv) and start again"
            )
        for old in self.folder.glob("*.stamp"):
            old.unlink()
        # From inside an environment, the Python that it was made from.
        base = getattr(sys, "_base_executable", None) or sys.executable
        steps.run(
            f"Virtual environment for Python {sys.version_info.major}.{sys.version_info.minor}",
            [base, "-m", "venv", "--clear", str(self.folder)],
        )
        # So that `import directus_realtime` finds the SDK here as it does in the page.
        self._paths.write_text(f"{self._path_of_the_app}\n", encoding="ascii")
        stamp(self._stamp, self._key)

    @property
    def _paths(self) -> Path:
        return self.packages / "app.pth"

    @property
    def _path_of_the_app(self) -> str:
        # Relative, and so in ASCII: Python reads these files in the encoding of the locale.
        return os.path.relpath(self.root / "app", self.packages)

    @property
    def _key(self) -> str:
        return digest(os.fsencode(self.root), _PYTHON.encode(), self._path_of_the_app.encode())


class Packages:
    """The packages that one requirements file pins, in the checkout's environment."""

    def __init__(self, environment: VirtualEnvironment, requirements: str, title: str) -> None:
        """Describe the packages of the file `requirements`, shown to the person as `title`."""
        self._environment = environment
        self._requirements = environment.root / requirements
        self._stamp = environment.folder / f"{requirements}.stamp"
        self._title = title

    def is_current(self) -> bool:
        """Tell whether exactly this file was installed, into an environment that is current."""
        return self._environment.is_current() and is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Let pip install what is missing; every file's hash is checked."""
        self._stamp.unlink(missing_ok=True)
        _remove_incomplete(self._environment.packages)
        scratch = self._environment.root / ".setup" / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        steps.run(
            self._title,
            pip_install(self._environment.python, self._requirements, *_INTO_THE_ENVIRONMENT),
            progress=_PipProgress(self._requirements, scratch),
            # pip keeps its downloads there until all are installed, so its size tells how far.
            environment={"TMPDIR": str(scratch)},
        )
        shutil.rmtree(scratch, ignore_errors=True)
        stamp(self._stamp, self._key)

    @property
    def _key(self) -> str:
        return digest(self._requirements.read_bytes())


class _PipProgress:
    """Reads pip's log: how many of the pinned packages were looked at, and the bytes fetched."""

    def __init__(self, requirements: Path, downloads: Path) -> None:
        self._pinned = len(re.findall(r"(?m)^\S+==", requirements.read_text(encoding="utf-8")))
        self._downloads = downloads
        self._bytes = 0

    def __call__(self, log: str) -> str:
        total = self._pinned - len(re.findall(r"(?m)^Ignoring ", log))
        seen = len(re.findall(r"(?m)^(?:Collecting|Processing|Requirement already)", log))
        self._bytes = max(self._bytes, size_of(self._downloads, ".whl"))
        stage = ", installing" if "\nInstalling collected packages" in log else ""
        if "\nSuccessfully installed" in log:
            stage = ""
        return f"{min(seen, total)} of {total} packages, {megabytes(self._bytes)}{stage}"


def pip_install(python: Path, requirements: Path, *where: str) -> list[str]:
    """Return the command that installs what a file pins; pip checks the hash of every file.

    `python` is whose pip it is, and `where` are pip's options that say where to.
    """
    return [
        *(str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
        *("--retries", "2", *_pip_timeout(), *where),
        *("--require-hashes", "--requirement", str(requirements)),
    ]


def _pip_timeout() -> Sequence[str]:
    """Return pip's option for a short timeout, unless the user has set one."""
    return () if "PIP_DEFAULT_TIMEOUT" in os.environ else ("--timeout", "20")


def _remove_incomplete(packages: Path) -> None:
    """Remove the metadata of packages whose installation was interrupted, so that pip repeats it.

    pip considers a package installed as soon as its metadata is there; the last thing that it
    writes is the record that lists its own INSTALLER file. Names with ~ are what it moved aside.
    """
    for info in packages.glob("*.dist-info"):
        record = info / "RECORD"
        if not record.exists() or "/INSTALLER," not in record.read_text(encoding="utf-8"):
            shutil.rmtree(info)
    for aside in packages.glob("~*"):
        shutil.rmtree(aside, ignore_errors=True)


def tasks_of(root: Path, *, tests: bool) -> list[SetupTask]:
    """Return the tasks for serving the checkout at `root`, and for its `tests` too.

    `serve.py` serves before the compressed files are there, and makes them meanwhile.
    """
    environment = VirtualEnvironment(root)
    tasks: list[SetupTask] = [
        environment,
        Packages(environment, "requirements.txt", "Python packages"),
        Runtime(root, environment.packages),
        Snapshot(root, environment.packages),
    ]
    if tests:
        tasks.append(PrecompressedFiles(root, environment.packages, ENCODINGS))
        tasks.append(Packages(environment, "requirements-tests.txt", "Packages for the tests"))
    return tasks


def set_up(root: Path, tasks: Sequence[SetupTask]) -> bool:
    """Do every task that is not current; return whether there was any.

    Raises SetupError.
    """
    folder = root / ".setup"
    try:
        if all(task.is_current() for task in tasks):
            return False
        folder.mkdir(exist_ok=True)
        with file_lock(folder / "lock", _say_waiting) as lock:
            missing = [task for task in tasks if not task.is_current()]
            steps = Steps(len(missing), folder, lock)
            for task in missing:
                task.install(steps)
    except OSError as error:
        raise SetupError(why_not(error, error.filename or folder)) from error
    return True


def _say_waiting() -> None:
    print("Another start is setting up this checkout; waiting for it.", flush=True)


def ensure_environment(root: Path, *, tests: bool = False) -> None:
    """Set up what is missing; return only in a process that runs in the checkout's environment.

    In any other process, and after changes, restart the same command line there. What of the
    environment variables would change how our programs run is gone from then on. Raises SetupError.
    """
    clean()
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.ignore_environment:
        _restart(sys.executable)  # in UTF-8, as all that it starts: they tell each other paths
    check_folder(root)
    environment = VirtualEnvironment(root)
    changed = set_up(root, tasks_of(root, tests=tests))
    if changed or not environment.is_active:
        _restart(str(environment.python))


def _restart(python: str) -> None:
    command = [python, *sys.orig_argv[1:]]
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "nt":
        # There, exec returns to the shell at once and leaves two programs at one terminal.
        raise SystemExit(subprocess.call(command))
    os.execv(python, command)
