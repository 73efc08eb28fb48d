"""Our page beside the guide's with JS SDK 26.0.0: the same script, the same Directus.

What each sends on its socket and prints in its console is compared.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support import plain_http
from tests.support.directus import Node
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open
from tests.support.peer import bundle, open_peer
from tests.support.proxy import TcpProxy

CALLS = (
    "createItem('Hello World!', 'Ben')",
    "createItem('only text')",
    "createItem('Hello Everyone Everywhere All At Once!', 'Kevin')",
)
PLAIN = {"history": 0, "recover": ""}


@pytest.fixture(scope="session")
def script() -> str:
    return bundle()


Peer = Callable[[str], ObservedPage]


@pytest.fixture
def peer(browser: Browser, directus: Node, script: str) -> Iterator[Peer]:
    """A function that opens the peer's page on a Directus, in a browser context of its own."""

    def open_it(url: str) -> ObservedPage:
        context = stack.enter_context(browser.new_context())
        return open_peer(context.new_page(), script, url, directus.token)

    with ExitStack() as stack:
        yield open_it


def play(page: ObservedPage, directus: Node) -> tuple[list[Any], list[str]]:
    """Play the script on a page; return the console's lines and the frames, without keys."""
    lines = page.wait_for_lines(6)
    for call in CALLS:
        page.clear_lines()
        page.page.evaluate(f"() => {{ {call}; }}")
        lines += page.wait_for_lines(5)
    page.clear_lines()
    plain_http.post(
        f"{directus.url}/items/messages",
        headers={"Authorization": f"Bearer {directus.token}"},
        json={"text": "from elsewhere", "user": "Rijk"},
    ).raise_for_status()
    lines += page.wait_for_lines(3)
    page.page.close()  # a second subscription would come before or after that of the other page
    return [masked(line) for line in lines], page.sent


def masked(line: Any) -> Any:
    """Return a console line without what differs from run to run."""
    if isinstance(line, dict) and "date_created" in line:
        return {**line, "id": "masked", "date_created": "masked"}
    return line


def test_frames_and_lines_are_the_js_sdks_as_in_the_guide(
    open_page: Open, peer: Peer, directus: Node
) -> None:
    theirs = play(peer(directus.url), directus)
    ours = play(open_page(settings=PLAIN), directus)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]


def test_the_lines_are_the_same_with_the_settings_as_they_come(
    open_page: Open, peer: Peer, directus: Node
) -> None:
    theirs = play(peer(directus.url), directus)
    ours = play(open_page(), directus)
    assert ours[0] == theirs[0]


def test_after_a_cut_one_subscribe_instead_of_two_and_new_uids(
    open_page: Open, peer: Peer, directus: Node, proxy: TcpProxy
) -> None:
    sent = []
    pages: tuple[Callable[[], ObservedPage], ...] = (
        lambda: peer(proxy.url),
        lambda: open_page(settings=PLAIN),
    )
    for opened in pages:
        page = opened()
        page.page.evaluate("() => { createItem('before', 'Ben'); }")
        page.wait_for_lines(6 + 5)
        before = len(page.sent)
        proxy.cut()
        page.wait_for_lines(6 + 5 + 1 + 6)
        page.page.evaluate("() => { createItem('after', 'Ben'); }")
        page.wait_for_lines(6 + 5 + 1 + 6 + 5)
        sent.append([json.loads(text) for text in page.sent[before:]])
        page.page.close()
    theirs, ours = sent
    assert [message["type"] for message in ours] == ["auth", "subscribe", "items"]
    auth, subscribe, create = ours
    assert theirs == [auth, subscribe, subscribe, {**create, "uid": "1"}]
    assert create["uid"] == "3"
