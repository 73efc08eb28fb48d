"""Two nodes: what is created at one is heard at the other."""

import json

from websockets.sync.client import connect

from tests.support.directus import Cluster


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
