"""No module constant is assigned twice: the second value would silently replace the first."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("app", "benchmarks", "examples", "server", "tests", "tools", "web")
CONSTANT = re.compile(r"_*[A-Z][A-Z0-9_]*")


def assigned_twice(source: str) -> list[str]:
    """Return the constants that a module's top level assigns more than once.

    The branches of one `if` or `try` count once: one of them runs.
    """
    counts = Counter(constants(ast.parse(source).body))
    return sorted(name for name, count in counts.items() if count > 1)


def constants(body: list[ast.stmt]) -> Iterator[str]:
    for statement in body:
        if isinstance(statement, ast.If):
            yield from {*constants(statement.body), *constants(statement.orelse)}
        elif isinstance(statement, ast.Try):
            handlers = [name for handler in statement.handlers for name in constants(handler.body)]
            yield from {*constants(statement.body), *constants(statement.orelse), *handlers}
        else:
            targets = names(statement)
            yield from filter(CONSTANT.fullmatch, targets)


def names(statement: ast.stmt) -> Iterator[str]:
    """Return the names that one statement assigns."""
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return
    for target in targets:
        yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def sources() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted([*ROOT.glob("*.py"), *found])


def test_no_constant_is_assigned_twice() -> None:
    found = {path: assigned_twice(path.read_text(encoding="utf-8")) for path in sources()}
    assert len(found) > 100
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("_TABLE = 1\nOTHER = 2\n_TABLE = 3\n", ["_TABLE"]),
        ("A: int = 1\nA, B = 2, 3\n", ["A"]),
        ("A = 1\nif x:\n    A = 2\n", ["A"]),
        ("if x:\n    A = 1\nelse:\n    A = 2\n", []),
        ("try:\n    A = 1\nexcept E:\n    A = 2\n", []),
        ("A: int\nA = 1\n", []),
        ("x = 1\nx = 2\nType = 1\nType = 2\n", []),
    ],
)
def test_what_counts_as_twice(source: str, found: list[str]) -> None:
    assert assigned_twice(source) == found
