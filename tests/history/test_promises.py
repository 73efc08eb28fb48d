"""docs/promises.md names each promise, and tests that exist."""

import ast
import re

from tests.history.checker import Promise
from tests.support.embedded import ROOT

PAGE = (ROOT / "docs" / "promises.md").read_text()
PROMISES = re.findall(r"^### (\d+)\. (.*)\n((?:.*\n)*?)(?=^#)", PAGE, re.MULTILINE)
TESTS = re.compile(r"^- `(tests/[\w/]+\.py)::(\w+)`$", re.MULTILINE)


def test_promises_are_numbered_one_after_the_other() -> None:
    assert [int(number) for number, _, _ in PROMISES] == list(range(1, len(PROMISES) + 1))


def test_what_the_checker_checks_is_promised_under_the_same_name() -> None:
    assert {promise.value for promise in Promise} <= {name.lower() for _, name, _ in PROMISES}


def test_every_promise_names_tests_and_all_of_them_exist() -> None:
    for _, name, text in PROMISES:
        tests = TESTS.findall(text)
        assert tests, f"nothing holds the promise {name}"
        assert len(tests) == text.count("`tests/"), f"a test of {name} is not written as others are"
        for file, function in tests:
            assert function in functions(file), f"{name}: {file} has no {function}"


def functions(file: str) -> set[str]:
    """Return the names of the functions at the top of a file."""
    tree = ast.parse((ROOT / file).read_text())
    return {n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
