"""The guide's flow in a few lines: connect, authenticate, subscribe."""

import json
from typing import Any

from js import URL, WebSocket, console, performance, window
from pyodide.ffi import create_proxy

settings = URL.new(window.location.href).searchParams
url = settings.get("url") or window.location.origin
socket = WebSocket.new(f"ws{url.removeprefix('http')}/websocket")


def send(message: dict[str, Any]) -> None:
    """Send a message."""
    socket.send(json.dumps(message))


def on_open(_event: Any) -> None:
    """Authenticate."""
    send({"type": "auth", "access_token": settings.get("token")})


def on_message(event: Any) -> None:
    """Subscribe, and be subscribed."""
    message = json.loads(event.data)
    console.log(message["type"])
    if message["type"] == "auth":
        query = {"fields": ["user", "text"]}
        send({"type": "subscribe", "collection": "messages", "event": "create", "query": query})
    elif message["type"] == "subscription":
        performance.mark("realtime:subscribed")


socket.addEventListener("open", create_proxy(on_open))
socket.addEventListener("message", create_proxy(on_message))
