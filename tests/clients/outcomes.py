"""Runs checks of one client, and prints what came of each."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """The project, and who signs in there."""

    url: str
    email: str
    password: str
    token: str


class Checks:
    """The checks of one client, by name."""

    def __init__(self) -> None:
        self._checks: dict[str, Callable[[Person, str], Any]] = {}

    def __call__(self, name: str) -> Callable[[Callable[[Person, str], Any]], None]:
        """Return a decorator that adds a check; it is called with the person and the name."""

        def add(check: Callable[[Person, str], Any]) -> None:
            self._checks[name] = check

        return add

    def main(self, failure: Callable[[Exception], Any]) -> None:
        """Run all checks for the person in the argument; print their outcomes as JSON, by name."""
        person = Person(**json.loads(sys.argv[1]))
        outcomes = {}
        for name, check in self._checks.items():
            try:
                outcomes[name] = check(person, name)
            except Exception as error:
                outcomes[name] = failure(error)
        print(json.dumps(outcomes))
