"""Writes the API page from the code: `python -m tests.support.api > docs/api.md`.

Signatures are read from the source, since Pythons differ in how they print annotations.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from types import FunctionType, ModuleType
from typing import Any, TypeGuard

import directus_realtime as sdk
from directus_realtime import types
from directus_realtime.core import recovery

from tests.support.markdown import from_docstring

_HEAD = """# The SDK's names

Made from the docstrings by `python -m tests.support.api > docs/api.md`; a test sees that it is.
Times are in seconds. Everything here is imported from `directus_realtime`. Where what a function
returns depends on its arguments, the list below its signature says how.
"""

_ASSIGNED_IN = (types, recovery)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def page() -> str:
    """Return the page."""
    sections = [_HEAD]
    for name in sdk.__all__:
        value = getattr(sdk, name)
        if isinstance(value, type) and issubclass(value, Exception):
            continue  # the tree below has them all
        sections.append(_described(name, value))
    errors = inspect.getmodule(sdk.DirectusError)
    assert errors is not None
    sections.append(f"## Errors\n\n{_text(errors)}\n")
    return "\n".join(sections)


def _described(name: str, value: Any) -> str:
    if isinstance(value, FunctionType):
        return f"## `{name}{_signature(_parsed(value), [])}`\n\n{_text(value)}\n"
    if not _is_class(value):
        return _assigned(name)
    parts = [f"## `class {name}`\n\n{_text(value)}\n", *_fields(value)]
    members: dict[str, tuple[type, Any]] = {}
    for base in reversed(value.__mro__):
        if base.__module__.startswith("directus_realtime"):
            members |= {key: (base, member) for key, member in vars(base).items()}
    for member_name, (owner, member) in members.items():
        if not member_name.startswith("_"):
            parts += _member(member_name, owner, member)
    return "\n".join(parts)


def _is_class(value: Any) -> TypeGuard[type]:
    """Tell a class of the SDK's from an alias of another one, which it may be to ``isinstance``."""
    return isinstance(value, type) and value.__module__.startswith("directus_realtime")


def _assigned(name: str) -> str:
    """Describe a name that is assigned, by the string below the assignment."""
    for node, below in pairwise(node for module in _ASSIGNED_IN for node in _body(module)):
        match node, below:
            case (
                ast.Assign(targets=[ast.Name(id=found)], value=value),
                ast.Expr(value=ast.Constant(value=str() as text)),
            ) if found == name:
                code = "" if isinstance(value, ast.Call) else f" = {ast.unparse(value)}"
                return f"## `{name}{code}`\n\n{from_docstring(text)}\n"
    raise AssertionError(f"{name} has no string below its assignment")


def _body(module: ModuleType) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(module)).body


def _fields(value: type) -> Iterator[str]:
    """List the fields of a typed dict or a named tuple."""
    if not issubclass(value, tuple | dict) or not value.__annotations__:
        return
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(value))).body
    assert isinstance(tree, ast.ClassDef)
    fields = [node for node in tree.body if isinstance(node, ast.AnnAssign)]
    yield "".join(f"- `{ast.unparse(field)}`\n" for field in fields)


def _member(name: str, owner: type, member: Any) -> list[str]:
    if isinstance(member, property):
        assert member.fget is not None
        returns = _signature(_parsed(member.fget), []).removeprefix("()")
        return [f"### `.{name}{returns}`\n\n{_text(member.fget)}\n"]
    if isinstance(member, FunctionType):
        awaited = "await " if inspect.iscoroutinefunction(member) else ""
        overloads = _overloads(name, owner)
        signature = _signature(_parsed(member), overloads)
        parts = [f"### `{awaited}.{name}{signature}`\n"]
        if overloads:
            parts.append("\n".join(_differences(overloads)) + "\n")
        return [*parts, f"{_text(member)}\n"]
    return []


def _parsed(function: Any) -> Function:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, Function)
    return tree


def _overloads(name: str, owner: type) -> list[Function]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)
    functions = [node for node in tree.body if isinstance(node, Function) and node.name == name]
    return [each for each in functions if "overload" in map(ast.unparse, each.decorator_list)]


def _signature(function: Function, overloads: list[Function]) -> str:
    """Return the arguments; and what is returned, where that is always the same."""
    arguments = ast.unparse(function.args).removeprefix("self, ").removeprefix("self")
    return f"({arguments})" + ("" if overloads else _returns(function, " -> "))


def _returns(function: Function, arrow: str) -> str:
    match function.returns:
        case None | ast.Constant(value=None):
            return ""
        case ast.Constant(value=str() as quoted):
            return arrow + quoted
        case annotation:
            return arrow + ast.unparse(annotation)


def _differences(overloads: list[Function]) -> Iterator[str]:
    """List what each overload returns, and those of its arguments that not all have alike."""
    described = [list(_arguments(overload)) for overload in overloads]
    common = set(described[0]).intersection(*described)
    always_the_same = len({_returns(overload, "") for overload in overloads}) == 1
    for overload, arguments in zip(overloads, described, strict=True):
        own = ", ".join(argument for argument in arguments if argument not in common)
        given = f"`{own}`" if own else "neither of them"
        yield f"- {given}" + ("" if always_the_same else f"{_returns(overload, ': `')}`")


def _arguments(function: Function) -> Iterator[str]:
    given = function.args
    defaults: list[ast.expr | None] = [None] * (len(given.args) - len(given.defaults))
    positional = zip(given.args, [*defaults, *given.defaults], strict=True)
    keywords = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    for argument, default in [*positional, *keywords]:
        yield ast.unparse(argument) + ("" if default is None else f" = {ast.unparse(default)}")


def _text(value: FunctionType | ModuleType | type | Any) -> str:
    return from_docstring(value.__doc__ or "")


if __name__ == "__main__":
    print(page(), end="")
