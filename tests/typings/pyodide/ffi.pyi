"""What of pyodide.ffi the app uses."""

from collections.abc import Callable
from typing import Any

class JsProxy:
    def __getattr__(self, name: str) -> Any: ...

class ConversionError(Exception): ...

class JsException(Exception):
    name: str
    message: str

def create_proxy(obj: Callable[..., Any]) -> Any: ...
def to_js(obj: Any, *, dict_converter: Any = ...) -> Any: ...
