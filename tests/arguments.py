"""What `python3 -m tests` is asked for: read before set-up, so with the standard library only."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tools.options import OptionParser, nearest, unknown

_OURS = ("--directus", "--engines", "--soak", "--help")
_NEAR = 0.75  # of 1: pytest has options that look like ours from afar, such as --durations
_ABOUT = """\
Set up what is missing, check style and types, and run the tests. With a path among the arguments
pytest runs alone, on that path."""
_MORE = """\
All other arguments go to pytest, such as
  tests/app/test_live.py      one file or folder, or one test: FILE::NAME
  -k EXPRESSION               tests whose names match
  -x, --lf, --durations=10    stop at the first failure; those that failed last; the slowest
  -s, --pdb                   see what is printed; look into a failure
  -n0                         in one process; without a path, four share the tests out

The tests find a Chromium, or install one; CHROMIUM=/path/to/one names another.
SEED=NUMBER repeats what the tests by chance did.
"""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What is asked for.

    Attributes:
        directus: the version of the real Directus to test on; None for no such tests.
        engines: whether to test in Firefox and WebKit too, installed where they are missing.
        soak: whether the long tests run at their full length.
        pytest: the arguments that go to pytest.
    """

    directus: str | None
    engines: bool
    soak: bool
    pytest: list[str]


def read(arguments: list[str], versions: list[str], usual: str) -> Arguments:
    """Return what is asked for; exit with 2 if it cannot be.

    Args:
        arguments: the command line.
        versions: those of Directus that can be installed.
        usual: the version that is meant where none is named.
    """
    parser = OptionParser("python3 -m tests", _ABOUT, _MORE)
    parser.usage = "%(prog)s [-h] [--directus[=VERSION]] [--engines] [--soak] [pytest's arguments]"
    parser.add_argument(
        "--directus",
        nargs="?",
        const=usual,
        metavar="VERSION",
        help=f"besides, the tests on a real Directus ({usual}), which is installed into a cache: "
        f"{', '.join(versions)}, as in --directus={versions[0]}",
    )
    parser.add_argument(
        "--engines",
        action="store_true",
        help="besides, the page in Firefox and WebKit, which are installed where they are missing",
    )
    parser.add_argument(
        "--soak", action="store_true", help="those two too, and long ones at their full length"
    )
    ours = [each for each in arguments if each.partition("=")[0] in (*_OURS, "-h")]
    others = [each for each in arguments if each not in ours]
    found = parser.read(ours)
    if found.directus is not None and found.directus not in versions:
        parser.error(f"--directus={found.directus}: expected one of {', '.join(versions)}")
    _check(parser, others)
    asked = found.directus or (usual if found.soak else None)
    return Arguments(asked, found.engines or found.soak, found.soak, others)


def _check(parser: argparse.ArgumentParser, others: list[str]) -> None:
    """Find what is misspelt of our options, and paths that are not there."""
    for before, argument in zip(["", *others], others, strict=False):
        name = argument.partition("=")[0]
        if name.startswith("--") and nearest(name, _OURS, _NEAR):
            parser.error(unknown("option", name, _OURS))
        path = Path(argument.split("::")[0])
        is_meant = path.suffix == ".py" or argument.startswith(("tests/", "./"))
        if is_meant and before[:1] != "-" and not path.exists():
            parser.error(unknown("file", str(path), map(str, path.parent.glob("*"))))
