"""A script for two chats, ours and the tutorial's: the same things happen to both."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.support import plain_http
from tests.support.proxy import TcpProxy
from tools.examples import find

LOGINS = find("chat").logins
"""The passwords of Ann and Ben, by e-mail."""
_ABOUT = ("type", "collection", "action", "event", "status")

Steps = dict[str, list[str]]
"""What happened in each step, in lines: ``> ...`` was sent, ``< ...`` received, others say it."""
Rows = Sequence[tuple[str, str]]
"""Messages, each with its author."""


class Chat(Protocol):
    """A chat in which Ann takes part."""

    def log_in(self) -> None:
        """Log in and connect."""

    def write(self, text: str) -> None:
        """Write a message."""

    def wait_until_down(self) -> None:
        """Wait until the chat knows that the connection is lost."""

    def settle(self, rows: Rows) -> None:
        """Wait until nothing is under way. A chat that loses nothing shows ``rows`` then."""

    def take(self) -> list[str]:
        """Return what has happened since the last call."""


class _Ben:
    """Somebody else, who writes over REST."""

    def __init__(self, url: str) -> None:
        email = "ben@example.com"
        self._http = plain_http.client(base_url=url)
        login = {"email": email, "password": LOGINS[email]}
        token = self._ask("POST", "/auth/login", login)["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def write(self, text: str) -> str:
        """Write a message; return its path."""
        key = self._ask("POST", "/items/messages", {"text": text})["id"]
        return f"/items/messages/{key}"

    def edit(self, path: str, text: str) -> None:
        """Change a message."""
        self._ask("PATCH", path, {"text": text})

    def delete(self, path: str) -> None:
        """Delete a message."""
        self._http.delete(path).raise_for_status()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _ask(self, method: str, path: str, body: dict[str, str]) -> Any:
        return self._http.request(method, path, json=body).raise_for_status().json()["data"]


def play(url: str, opened: Callable[[str], AbstractContextManager[Chat]]) -> Steps:
    """Let the same things happen to a chat on the server at ``url``.

    ``opened`` opens the chat with the address of a way to that server, which is cut meanwhile.
    """
    with (
        closing(TcpProxy(urlsplit(url).port or 80)) as way,
        closing(_Ben(url)) as ben,
        opened(way.url) as chat,
    ):
        return _play(chat, ben, way)


def _play(chat: Chat, ben: _Ben, way: TcpProxy) -> Steps:
    steps: Steps = {}

    @contextmanager
    def step(name: str, *rows: tuple[str, str]) -> Iterator[None]:
        yield
        chat.settle(rows)
        steps[name] = chat.take()

    one, later = ("Ann", "One"), (("Ben", "Missed"), ("Ann", "Lost"))
    with step("log in, connect, open the list"):
        chat.log_in()
    with step("write", one):
        chat.write("One")
    with step("somebody writes", one, ("Ben", "Two")):
        path = ben.write("Two")
    with step("somebody edits", one, ("Ben", "Two!")):
        ben.edit(path, "Two!")
    with step("somebody deletes", one):
        ben.delete(path)
    with step("write while the connection is down; it comes back", one, *later):
        way.refuse()
        way.cut()
        chat.wait_until_down()
        ben.write("Missed")
        chat.write("Lost")
        way.admit()
    with step("the next message after that", one, *later, ("Ben", "Next")):
        ben.write("Next")
    return steps


def line(direction: str, frame: dict[str, Any]) -> str:
    """Return a frame as a line, without its uid and without what differs in each run.

    What it is comes first, as in ``> subscribe messages create {"query": ...}``.
    """
    about = [frame[name] for name in _ABOUT if name in frame]
    rest = {name: value for name, value in frame.items() if name not in (*_ABOUT, "uid")}
    shown = [json.dumps(_steady(rest), sort_keys=True, ensure_ascii=False)] if rest else []
    return " ".join((direction, *about, *shown))


def _steady(value: Any, name: str = "") -> Any:
    if name in ("access_token", "date_created"):
        return f"its {name}"
    if name in ("user_created", "id") and isinstance(value, str):
        return "a user"
    if isinstance(value, dict):
        return {key: _steady(item, key) for key, item in value.items()}
    return [_steady(item) for item in value] if isinstance(value, list) else value
