"""`python3 -m tests`: set up what is missing, check style and types, run the tests.

--directus  besides, the tests on a real Directus, which is installed into a cache
--soak      those too, and long ones at their full length

Other arguments go to pytest; with a path among them pytest runs alone, on that path.
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
# By name: given a folder, mypy finds `console` and `app.console` in one file.
PACKAGES = ("directus_realtime", "server", "tools", "benchmarks", "tests")
MODULES = ("serve", "app.main", "app.page", "app.console")
CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    (
        *("mypy", "--strict"),
        *(argument for name in PACKAGES for argument in ("-p", name)),
        *(argument for name in MODULES for argument in ("-m", name)),
    ),
)
DIRECTUS, SOAK = "--directus", "--soak"
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Return the exit code: 0 if everything passed."""
    from tools import chromium, environment
    from tools.steps import SetupError

    try:
        environment.enter(ROOT, tests=True)
        os.environ["CHROMIUM"] = chromium.find_or_install(ROOT / ".setup")
        others = [argument for argument in arguments if argument not in (DIRECTUS, SOAK)]
        if others != arguments:
            prepare_directus()
        if SOAK in arguments:
            os.environ["SOAK"] = "yes"
        return check_all(others)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def prepare_directus() -> None:
    """Install what tests/directus needs, and tell pytest where. Raises SetupError."""
    from tests.support import services
    from tools import directus_package

    os.environ["DIRECTUS_INSTALL"] = str(directus_package.install())
    services.install(ROOT / ".setup")


def check_all(arguments: list[str]) -> int:
    """Run the checks and then pytest, so that its closing line comes last."""
    alone = any(map(is_test_path, arguments))
    failed = [] if alone else [command for command in CHECKS if timed(command)]
    for command in failed:
        print("FAILED: " + " ".join(command), flush=True)
    return run(("pytest", *arguments)) or len(failed)


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
