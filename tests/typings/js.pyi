"""What of the browser's globals the app uses."""

from typing import Any

class WebSocket:
    CONNECTING: int
    OPEN: int
    @staticmethod
    def new(url: str) -> Any: ...

AbortController: Any
Date: Any
URL: Any
JSON: Any
Object: Any
Promise: Any
Error: Any
console: Any
document: Any
globalThis: Any
navigator: Any
performance: Any
window: Any

def fetch(url: str, options: Any) -> Any: ...
def requestAnimationFrame(callback: Any) -> int: ...
