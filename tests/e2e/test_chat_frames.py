"""What the example chat sends, receives and shows beside Directus' tutorial, in one script.

`tests/directus/test_chat_frames.py` sees that the recording is still what the tutorial's chat does.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, WebSocket, expect

from tests.e2e.test_examples import STARTED_WITHIN, Chat
from tests.support.chat_frames import Rows, line, play
from tests.support.pages import Site, Warm
from tests.support.tutorial_chat import recorded


@dataclass(frozen=True)
class Difference:
    """What only one of both does in a step, and why that is right."""

    why: str
    tutorial: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()


ROW = '"date_created": "its date_created"'
FOLLOW = '> subscribe messages create {"query": {"fields": "*,user_created.first_name"}}'
INIT = "< subscription init"
READ = (
    '> items messages read {"query": {"fields": ["text", "date_created", "user_created.id", '
    '"user_created.first_name", "id"], "limit": 100, "sort": ["-id"]}}'
)
KEYS = tuple(
    f'> subscribe messages {event} {{"query": {{"fields": "id", "limit": "-1"}}}}'
    for event in ("create", "update", "delete")
)


def event_of(key: int, text: str, author: str) -> str:
    """Return the event of a new message as the tutorial gets it, with the row."""
    row = f'"id": {key}, "text": "{text}", "user_created": {{"first_name": "{author}"}}'
    return f'< subscription create {{"data": [{{{ROW}, {row}}}]}}'


def key_of(event: str, key: str) -> str:
    """Return the event of a message as our chat gets it, with the key."""
    return f'< subscription {event} {{"data": [{key}]}}'


ACCEPTED = {
    "log in, connect, open the list": Difference(
        "the tutorial has no history, and does not follow what is edited or deleted",
        (FOLLOW,),
        (*KEYS, INIT, INIT, READ),
    ),
    "write": Difference(
        "a list that is cut at 100 and has relations is read again",
        (event_of(1, "One", "Ann"),),
        (key_of("create", '{"id": 1}'), READ),
    ),
    "somebody writes": Difference(
        "a list that is cut at 100 and has relations is read again",
        (event_of(2, "Two", "Ben"),),
        (key_of("create", '{"id": 2}'), READ),
    ),
    "somebody edits": Difference(
        "the tutorial keeps the old text",
        ours=(key_of("update", '{"id": 2}'), READ, "gone: Ben: Two", "shown: Ben: Two!"),
    ),
    "somebody deletes": Difference(
        "the tutorial keeps the message",
        ours=(key_of("delete", '"2"'), READ, "gone: Ben: Two!"),
    ),
    "write while the connection is down; it comes back": Difference(
        "the tutorial loses what is written, subscribes four times, and never shows what it missed",
        (
            "failed: Error: Cannot send messages without an open connection. Make sure you are "
            'calling "await client.connect()".',
            *(FOLLOW,) * 4,
            INIT,
        ),
        (
            *KEYS,
            READ,
            "shown: Ben: Missed",
            '> items messages create {"data": {"text": "Lost"}}',
            key_of("create", '{"id": 4}'),
            f'< items {{"data": {{{ROW}, "id": 4, "text": "Lost", "user_created": "a user"}}}}',
            "shown: Ann: Lost",
        ),
    ),
    "the next message after that": Difference(
        "the tutorial shows it twice; its key is another where what was written before is there",
        (event_of(4, "Next", "Ben"), "shown: Ben: Next"),
        (key_of("create", '{"id": 5}'), READ),
    ),
}
"""The differences by the script's steps. What the tutorial's chat does there is a fault of it."""


class Window(Chat):
    """A window with our chat, in which Ann takes part.

    What it does for the list of who is there is left out: the tutorial has none. So are the answers
    to its reads, which come as often as it reads; what they lead to is shown.
    """

    def __init__(self, page: Page, url: str) -> None:
        self._lines: list[str] = []
        self._others: set[str] = set()  # the uids of what is left out
        self._shown: list[str] = []
        super().__init__(page, url)

    def log_in(self, name: str = "ann", password: str | None = None) -> None:
        """Log in, and wait for the list."""
        super().log_in(name, password)
        expect(self.page.locator("main")).to_be_visible()

    def wait_until_down(self) -> None:
        """Wait until the page says so."""
        expect(self.status).to_have_text("reconnecting")

    def settle(self, rows: Rows) -> None:
        """Wait until these are the messages."""
        expect(self.status).to_have_text("connected", timeout=STARTED_WITHIN)
        self.shows(*rows)

    def take(self) -> list[str]:
        """Return what has happened, and how the list has changed."""
        authors, texts = (self.messages.locator(name).all_inner_texts() for name in ("b", "p"))
        shown = [f"{author}: {text}" for author, text in zip(authors, texts, strict=True)]
        happened = [f"gone: {row}" for row in self._shown if row not in shown]
        happened += [f"shown: {row}" for row in shown if row not in self._shown]
        happened, self._lines, self._shown = self._lines + happened, [], shown
        return happened

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda text: self._note(">", json.loads(text)))
        socket.on("framereceived", lambda text: self._note("<", json.loads(text)))

    def _note(self, direction: str, frame: dict[str, Any]) -> None:
        uid, text = frame.get("uid", ""), line(direction, frame)
        if direction == ">" and (frame.get("collection") == "presence" or "read" in frame.values()):
            self._others.add(uid)
        is_new_read = text == READ and READ not in self._lines
        if is_new_read or uid not in self._others:
            self._lines.append(text)


def test_our_chat_differs_from_the_tutorials_in_its_faults_alone(chat: Site, warm: Warm) -> None:
    @contextmanager
    def opened(url: str) -> Iterator[Window]:
        with warm.page() as page:
            yield Window(page, url)

    ours, theirs = play(chat.url, opened), recorded()
    assert list(ours) == list(theirs) == list(ACCEPTED)
    for step, accepted in ACCEPTED.items():
        here, there = Counter(ours[step]), Counter(theirs[step])
        assert here - there == Counter(accepted.ours), step
        assert there - here == Counter(accepted.tutorial), step
