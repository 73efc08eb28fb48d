"""The options of a command line: misspelt ones are named, with the nearest that there is."""

import argparse
import contextlib
import difflib
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

_NEAR = 0.6  # of 1, as difflib measures it


class OptionParser(argparse.ArgumentParser):
    """A parser that takes options by their whole names, and tells a misspelt one as that."""

    def __init__(self, program: str, about: str, more: str = "") -> None:
        """Describe a `program` by the texts `about`, and `more` after its options."""
        super().__init__(
            prog=program,
            description=about,
            epilog=more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self._given: list[str] = []

    def read(self, given: list[str]) -> argparse.Namespace:
        """Return the options; exit with 2 if one is wrong, or if there is anything else."""
        found, stray = self.read_some(given)
        if stray:
            self.error(f"expected options alone, got {stray[0]!r}: --help says what there is")
        return found

    def read_some(self, given: list[str]) -> tuple[argparse.Namespace, list[str]]:
        """Return the options and what belongs to none of them; exit with 2 if one is wrong."""
        self._given = given
        found, stray = self.parse_known_args(given)
        if options := [argument for argument in stray if argument[:1] == "-"]:
            self.error(f"there is no option {options[0]}: --help says what there is")
        return found, stray

    def error(self, message: str) -> NoReturn:
        """Print how it is used and what is wrong, and exit with 2."""
        # argparse takes the value of an unknown option for something else, and complains of that.
        super().error(self._misspelt() or message)

    def _misspelt(self) -> str | None:
        known = self._option_string_actions
        for argument in itertools.takewhile(lambda each: each != "--", self._given):
            name = argument.partition("=")[0]
            if name.startswith("--") and name not in known:
                return unknown("option", name, known)
        return None


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return what to say of a `name` that is not `known`, with the nearest one that is."""
    near = nearest(name, known)
    cure = f"did you mean {near}?" if near else "--help says what there is"
    return f"there is no {kind} {name}: {cure}"


def nearest(name: str, known: Iterable[str], near: float = _NEAR) -> str | None:
    """Return which of `known` looks most like `name`, if any does."""
    return next(iter(difflib.get_close_matches(name, known, 1, near)), None)


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the type of an option that takes a number from `least` on, up to `most`."""
    bounds = f"{least} on" if most is None else f"{least} to {most}"

    def read(text: str) -> int:
        with contextlib.suppress(ValueError):
            number = int(text)
            if least <= number and (most is None or number <= most):
                return number
        raise argparse.ArgumentTypeError(f"expected a whole number from {bounds}, got {text!r}")

    return read


def is_utf8(text: str) -> bool:
    """Return whether what a command line or a path gave was in UTF-8; a program may need it so."""
    try:
        os.fsencode(text).decode()
    except UnicodeError:
        return False
    return True


def file_to_write(text: str) -> Path:
    """Return the path of an option that takes a file to write, which need not be there."""
    path = Path(text)
    place = path if path.exists() else path.parent
    if path.is_dir() or not (place == path or place.is_dir()) or not os.access(place, os.W_OK):
        raise argparse.ArgumentTypeError(f"expected a file that can be written, got {text!r}")
    return path
