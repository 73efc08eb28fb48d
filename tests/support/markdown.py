"""Docstrings as Markdown."""

import inspect
from collections.abc import Iterator

_LISTS = ("Args:", "Raises:", "Attributes:")
_TEXTS = ("Returns:",)


def from_docstring(docstring: str) -> str:
    """Return a docstring in Google's style as Markdown: its sections, and what follows ``::``."""
    return "\n".join(_lines(inspect.cleandoc(docstring).splitlines()))


def _lines(lines: list[str]) -> Iterator[str]:
    section, literal = "", False
    for line in lines:
        if literal:
            if line and not line.startswith(" "):
                literal = False
                yield "```\n"
            else:
                # The empty line before the block, and the one after it, are no part of it.
                yield from [line.removeprefix("    ")] if line else []
                continue
        if line in (*_LISTS, *_TEXTS):
            section = line
            yield f"**{line}**\n"
        elif line.endswith("::"):
            literal = True
            yield from [line[:-1] + "\n"] if line != "::" else []
            yield "```text"
        elif section in _LISTS and line.startswith("    ") and not line.startswith("     "):
            yield line.replace("    ", "- ", 1)
        elif section and line.startswith("    "):
            yield line.strip() if section in _TEXTS else f"  {line.strip()}"
        else:
            yield line
    if literal:
        yield "```"
