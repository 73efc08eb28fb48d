"""Writes the page of the guides: `python -m tests.support.guides > docs/guides.md`."""

import ast
import inspect
import textwrap
from types import FunctionType, ModuleType

from tests.guides import actions, authentication, chat, custom_handlers, subscriptions

MODULES = (authentication, subscriptions, actions, custom_handlers, chat)

_HEAD = """# Directus' realtime guides, in Python

For each code sample of the guides, and of the tutorial of a chat, under the heading that it has
there, this is what does the same here. The code is that of [tests/guides](../tests/guides): tests
run all of it, on the embedded server and on a real Directus, and hold its frames against the
guide's. The guide "Connect to Realtime Data" is [app/main.py](../app/main.py). This page is made by
`python -m tests.support.guides > docs/guides.md`, and a test sees that it is current.
"""


def samples(module: ModuleType) -> list[FunctionType]:
    """Return the functions of a guide, in their order."""
    values = vars(module).values()
    return [
        each for each in values if inspect.isfunction(each) and each.__module__ == module.__name__
    ]


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for module in MODULES:
        title, text = _documented(module)
        name, _, address = title.partition(": ")
        parts.append(f"## [{name}]({address})\n")
        parts.append(f"{text}\n")
        parts += [_section(sample) for sample in samples(module)]
    return "\n".join(parts)


def _section(sample: FunctionType) -> str:
    title, text = _documented(sample)
    notes = f"{text}\n\n" if text else ""
    return f"### {title}\n\n{notes}```python\n{_code(sample)}\n```\n"


def _documented(value: FunctionType | ModuleType) -> tuple[str, str]:
    """Return the first line of a docstring, and the rest."""
    title, _, text = inspect.cleandoc(value.__doc__ or "").partition("\n")
    return title, text.strip()


def _code(sample: FunctionType) -> str:
    """Return a function's source without its docstring, which is the page's text."""
    source = textwrap.dedent(inspect.getsource(sample))
    lines = source.rstrip().splitlines()
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    del lines[docstring.lineno - 1 : docstring.end_lineno]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
