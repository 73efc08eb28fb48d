"""The guide's page as one first writes it in PyScript: each event is a row, appended at once."""

import json
from typing import Any

from js import URL, WebSocket, console, document, window
from pyodide.ffi import create_proxy

settings = URL.new(window.location.href).searchParams
url = settings.get("url") or window.location.origin
log = settings.get("log") == "true"
socket = WebSocket.new(f"ws{url.removeprefix('http')}/websocket")
messages = document.getElementById("messages")


def send(message: dict[str, Any]) -> None:
    """Send a message."""
    socket.send(json.dumps(message))


def create_item(text: str, user: str) -> None:
    """Create an item."""
    data = {"text": text, "user": user}
    send({"type": "items", "collection": "messages", "action": "create", "data": data})


def on_open(_event: Any) -> None:
    """Authenticate."""
    send({"type": "auth", "access_token": settings.get("token")})


def on_message(event: Any) -> None:
    """Subscribe once authenticated; show each item."""
    message = json.loads(event.data)
    if log:
        console.log(f"New message of type {message['type']}")
        console.log(event.data)
    if message["type"] == "auth":
        query = {"fields": ["user", "text"]}
        send({"type": "subscribe", "collection": "messages", "event": "create", "query": query})
    elif message["type"] == "subscription":
        for item in message.get("data", []):
            show(item)


def show(item: dict[str, Any]) -> None:
    """Append a row."""
    row = document.createElement("li")
    name, words = document.createElement("b"), document.createElement("span")
    name.textContent, words.textContent = item["user"], item["text"]
    row.append(name, words)
    messages.append(row)


window.createItem = create_proxy(create_item)
socket.addEventListener("open", create_proxy(on_open))
socket.addEventListener("message", create_proxy(on_message))
