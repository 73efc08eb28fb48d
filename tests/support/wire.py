"""A page's socket, whose frames a test changes, answers or keeps back."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

Change = Callable[[str], list[str]]


def passed_on(text: str) -> list[str]:
    """Leave a frame as it is."""
    return [text]


class Wire:
    """Stands between a page and its server.

    Attributes:
        to_server: returns what becomes of a frame of the page's.
        to_page: returns what becomes of a frame of the server's.
    """

    def __init__(self, page: Page) -> None:
        self.to_server: Change = passed_on
        self.to_page: Change = passed_on
        self._page = page
        self._socket: WebSocketRoute | None = None
        self._server: WebSocketRoute | None = None
        page.route_web_socket("**/websocket", self._open)

    def hold(self, what: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        """Keep those requests back; return the list that they come into."""
        held: list[dict[str, Any]] = []

        def keep(text: str) -> list[str]:
            request = json.loads(text)
            if not what(request):
                return [text]
            held.append(request)
            return []

        self.to_server = keep
        return held

    def wait_for(self, frames: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the first frame of a list, as soon as there is one."""
        self.wait_until(lambda: bool(frames))
        return frames[0]

    def wait_until(self, came: Callable[[], bool]) -> None:
        """Wait until frames have made ``came`` true."""
        for _ in range(1000):
            if came():
                return
            self._page.evaluate("new Promise(requestAnimationFrame)")
        raise AssertionError("no such frame came")

    def send(self, frame: dict[str, Any]) -> None:
        """Send a frame to the page."""
        assert self._socket is not None
        self._socket.send(json.dumps(frame))

    def send_to_server(self, frame: dict[str, Any]) -> None:
        """Send a frame to the server, such as one that was held."""
        assert self._server is not None
        self._server.send(json.dumps(frame))

    def cut(self) -> None:
        """Close the page's socket, as a server does that goes away."""
        assert self._socket is not None
        self._socket.close()

    def refuse(self, what: Callable[[dict[str, Any]], bool]) -> None:
        """Answer those requests with FORBIDDEN, and pass on the others."""

        def answer(text: str) -> list[str]:
            request = json.loads(text)
            if not what(request):
                return [text]
            self.send(refusal_of(request))
            return []

        self.to_server = answer

    def _open(self, socket: WebSocketRoute) -> None:
        server = self._server = socket.connect_to_server()
        self._socket = socket

        def on_page(text: str | bytes) -> None:
            for each in self.to_server(str(text)):
                server.send(each)

        def on_server(text: str | bytes) -> None:
            for each in self.to_page(str(text)):
                socket.send(each)

        socket.on_message(on_page)
        server.on_message(on_server)


def refusal_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return the error with which Directus refuses a request."""
    return {
        "type": request["type"],
        "status": "error",
        "error": {"code": "FORBIDDEN", "message": "You may not."},
        "uid": request["uid"],
    }


def is_create(request: dict[str, Any]) -> bool:
    """Tell whether a request creates an item."""
    return request.get("action") == "create"


def is_history(request: dict[str, Any]) -> bool:
    """Tell whether a request reads the page's history."""
    return request.get("action") == "read" and "offset" in (request.get("query") or {})
