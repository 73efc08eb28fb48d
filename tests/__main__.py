"""`python3 -m tests`: set up what is missing, check style and types, run the tests.

`--help` says what there is; tests/arguments.py reads it. Without a path the tests are shared out to
four workers, as most of them wait. Those on a real Directus run after them, in two.
"""

import sys

# No newer syntax in this file: an old Python has to get as far as this sentence.
if sys.version_info < (3, 11):
    sys.exit(
        "The tests need Python 3.11 or newer, and this is Python {}.{}: start them with a newer "
        "one, as in `python3.14 -m tests`.".format(*sys.version_info)
    )

import os
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # Python looks in tests/ where it is started as `python3 tests`
# By name: given a folder, mypy finds `console` and `app.console` in one file.
PACKAGES = ("directus_realtime", "server", "web", "tools", "benchmarks", "tests")
MODULES = (
    "serve",
    "app.main",
    "app.page",
    "app.console",
    "app.devtools",
    "examples.chat.main",
    "examples.poll.main",
)
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    (
        *("mypy", "--strict"),
        *(argument for name in PACKAGES for argument in ("-p", name)),
        *(argument for name in MODULES for argument in ("-m", name)),
    ),
)
WORKERS = ("--numprocesses", "4", "--dist", "load")
# Each of these starts Directus servers of its own, which take a core.
WORKERS_ON_DIRECTUS = ("--numprocesses", "2", "--dist", "load")
IN_ONE_PROCESS = {"-s", "--capture=no", "--pdb", "--trace", "no:xdist", "-pno:xdist"}
ON_DIRECTUS = "tests/directus"
NO_TESTS = 5  # pytest's exit code
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 if everything passed."""
    try:
        return prepare_and_check(arguments)
    except KeyboardInterrupt:  # also while modules are imported
        return INTERRUPTED


def prepare_and_check(arguments: list[str]) -> int:
    """Set up what is missing, and run the checks; return the exit code."""
    from benchmarks.common import set_up
    from tests.arguments import read
    from tests.clients.installing import ClientsTask
    from tools import directus_package, environment
    from tools.steps import SetupError

    asked = read(arguments, directus_package.versions(), directus_package.VERSION)
    try:
        set_up.prepare()
        environment.set_up(ROOT, [ClientsTask()])
        code = check_options(asked.pytest) if asked.pytest else 0
        if code:
            return code
        if asked.directus:
            prepare_directus(asked.directus)
        if asked.engines:
            prepare_browsers()
            os.environ["ENGINES"] = "yes"
        if asked.soak:
            os.environ["SOAK"] = "yes"
        # The tests start hundreds of processes, each of which would compile all that it imports.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        return check_all(asked.pytest)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


def check_options(arguments: list[str]) -> int:
    """Let pytest look at its arguments before minutes of checks; return its exit code."""
    command = [sys.executable, "-m", "pytest", "--markers", *arguments]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL).returncode


def prepare_directus(version: str) -> None:
    """Install what tests/directus needs, and tell pytest where. Raises SetupError."""
    from tests.support import services
    from tools import directus_package

    os.environ["DIRECTUS_INSTALL"] = str(directus_package.install(version=version))
    services.install(ROOT / ".setup")


def prepare_browsers() -> None:
    """Install Firefox and WebKit where they are missing. Raises SetupError."""
    from tests.support import browsers

    browsers.install(ROOT / ".setup")


def check_all(arguments: list[str]) -> int:
    """Run the checks and then pytest, so that its closing line comes last."""
    alone = any(map(is_test_path, arguments))
    failed = [] if alone else [command for command in CHECKS if timed(command)]
    for command in failed:
        print("FAILED: " + " ".join(command), flush=True)
    codes = [run(("pytest", *options, *arguments)) for options in shares(arguments)]
    # One of two runs may have no test that `-k` names.
    told = [code for code in codes if code != NO_TESTS] or codes
    return max(told) or len(failed)


def shares(arguments: list[str]) -> list[tuple[str, ...]]:
    """Return pytest's options for each of its runs.

    Workers share out the tests, and fewer of them those on a real Directus. One process serves
    better for a path, whose tests may take less time than the workers to start, and where a person
    looks on. What ``arguments`` say of workers comes later on the command line, and wins.
    """
    if any(map(is_test_path, arguments)) or IN_ONE_PROCESS.intersection(arguments):
        return [()]
    if "DIRECTUS_INSTALL" in os.environ:
        return [(*WORKERS, f"--ignore={ON_DIRECTUS}"), (*WORKERS_ON_DIRECTUS, ON_DIRECTUS)]
    return [WORKERS]


def is_test_path(argument: str) -> bool:
    """Tell a path of ours from the value of an option, as in `-k server`."""
    path = Path(argument.split("::")[0]).resolve()
    return path.exists() and path.is_relative_to(ROOT / "tests")


def timed(command: tuple[str, ...]) -> int:
    """Run one check and print how long it took."""
    started = time.monotonic()
    code = run(command)
    print(f"{time.monotonic() - started:.1f} s", flush=True)
    return code


def run(command: tuple[str, ...]) -> int:
    """Run one tool of the environment under a heading; Ctrl-C ends it in its own way."""
    print("\n== " + " ".join(command), flush=True)
    child = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
