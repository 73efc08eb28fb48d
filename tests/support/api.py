"""Writes the API page from the code: `python -m tests.support.api > docs/api.md`.

Signatures are read from the source, since Pythons differ in how they print annotations.
"""

import ast
import inspect
import textwrap
from types import FunctionType, ModuleType
from typing import Any

import directus_realtime as sdk

_HEAD = """# The SDK's names

Made from the docstrings by `python -m tests.support.api > docs/api.md`; a test sees that it is.
Times are in seconds. Everything here is imported from `directus_realtime`.
"""


def page() -> str:
    """Return the page."""
    sections = [_HEAD]
    for name in sdk.__all__:
        value = getattr(sdk, name)
        if isinstance(value, type) and issubclass(value, Exception):
            continue  # the tree below has them all
        sections.append(_described(name, value))
    sections.append(f"## Errors\n\n{_docstring(inspect.getmodule(sdk.DirectusError))}\n")
    return "\n".join(sections)


def _described(name: str, value: Any) -> str:
    if isinstance(value, FunctionType):
        return f"## `{name}{_signature(value)}`\n\n{_docstring(value)}\n"
    if not isinstance(value, type):
        return f"## `{name}`\n\nSee [recovery.py](../app/directus_realtime/core/recovery.py).\n"
    parts = [f"## `class {name}`\n\n{_docstring(value)}\n"]
    members: dict[str, Any] = {}
    for base in value.__mro__:
        if base.__module__.startswith("directus_realtime"):
            members = {**vars(base), **members}
    for member_name, member in members.items():
        if not member_name.startswith("_"):
            parts += _member(member_name, member)
    return "\n".join(parts)


def _member(name: str, member: Any) -> list[str]:
    if isinstance(member, property):
        return [f"### `.{name}`\n\n{_docstring(member.fget)}\n"]
    if isinstance(member, FunctionType):
        awaited = "await " if inspect.iscoroutinefunction(member) else ""
        return [f"### `{awaited}.{name}{_signature(member)}`\n\n{_docstring(member)}\n"]
    return []


def _signature(function: FunctionType) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef)
    arguments = ast.unparse(tree.args).removeprefix("self, ").removeprefix("self")
    return f"({arguments})"


def _docstring(value: FunctionType | ModuleType | type | Any) -> str:
    text = inspect.cleandoc(value.__doc__ or "")
    lines = []
    for line in text.splitlines():
        section = line in ("Args:", "Raises:", "Returns:", "Attributes:")
        lines.append(
            f"**{line}**\n"
            if section
            else line.replace("    ", "- ", 1)
            if line.startswith("    ") and not line.startswith("     ")
            else line
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
