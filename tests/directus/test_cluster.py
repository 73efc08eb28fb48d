"""Two nodes: subscribers at one get what is created at the other."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.e2e.test_guide import (
    test_a_missing_argument_is_left_out_and_null_is_null,
    test_create_item_gives_the_item_and_every_page_shows_it,
    test_the_last_messages_are_shown_at_the_start_and_not_counted,
    test_the_server_killed_and_started_again,
    test_what_others_create_while_the_page_is_away_is_shown_once,
)
from tests.support.directus import Cluster, Relayed
from tests.support.pages import Open

# Those of the guide's tests that expect no order of events and answers: two nodes have none.
__all__ = [
    "test_a_missing_argument_is_left_out_and_null_is_null",
    "test_create_item_gives_the_item_and_every_page_shows_it",
    "test_the_last_messages_are_shown_at_the_start_and_not_counted",
    "test_the_server_killed_and_started_again",
    "test_what_others_create_while_the_page_is_away_is_shown_once",
]


@pytest.fixture
def site(cluster: Cluster, tmp_path: Path) -> Iterator[Relayed]:
    """The page, served by us, on the first node."""
    cluster.a.clear()
    with closing(Relayed(cluster.a, cluster.a.url, tmp_path)) as relayed:
        yield relayed


def test_an_item_created_at_one_node_reaches_a_subscriber_at_the_other(cluster: Cluster) -> None:
    address = cluster.a.url.replace("http", "ws") + "/websocket"
    with connect(address, compression=None, ping_interval=None) as socket:
        for message in (
            {"type": "auth", "access_token": cluster.a.token},
            {"type": "subscribe", "collection": "messages", "event": "create"},
        ):
            socket.send(json.dumps(message))
            socket.recv(timeout=10)
        item = {"text": "Hello", "user": "Ben"}
        cluster.b.admin.post("/items/messages", json=item).raise_for_status()
        event = json.loads(socket.recv(timeout=10))
    assert event["event"] == "create"
    assert event["data"][0].items() >= item.items()


def test_a_page_on_one_node_shows_what_is_created_at_the_other(
    open_page: Open, cluster: Cluster
) -> None:
    page = open_page()
    item = {"text": "from the other node", "user": "Ben"}
    cluster.b.admin.post("/items/messages", json=item).raise_for_status()
    page.wait_for_text("from the other node")
