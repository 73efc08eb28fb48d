"""How Pyodide compiles what it is given as text."""

from ast import Module
from collections.abc import Callable, Generator
from types import CodeType

_parse_and_compile_gen: Callable[..., Generator[Module | None, Module | None, CodeType]]

class CodeRunner:
    def __init__(self, source: str, *, flags: int = 0) -> None: ...
    def compile(self) -> CodeRunner: ...
