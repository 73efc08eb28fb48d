"""serve.py before a real Directus: what it says of each wrong set-up, and the relay."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.directus.conftest import Start
from tests.support.directus import Node, version
from tests.support.embedded import Embedded
from tools.local_directus import ADMIN_TOKEN
from tools.provision import POLICY

ALL = {"fields": ["*"], "permissions": {}, "validation": {}}
AUTH = {"type": "auth", "access_token": "your_access_token"}
SUBSCRIBE = {"type": "subscribe", "collection": "messages", "event": "create"}


class Served:
    """A serve.py for one Directus, and what it warned of at its start."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.server = Embedded(folder, *options).start()
        self.warning = (folder / "server.log").read_text()

    def socket(self) -> ClientConnection:
        address = self.server.url.replace("http", "ws") + "/websocket"
        return connect(address, compression=None, ping_interval=None)


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """A function that starts serve.py with such options."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def serve_it(url: str, token: str, *options: str) -> Served:
            folder = tmp_path / str(next(numbers))
            folder.mkdir()
            served = Served(folder, "--directus", url, "--token", token, *options)
            stack.callback(served.server.kill)
            return served

        yield serve_it


def user_with(node: Node, *actions: str) -> str:
    """Make a user who may do these things to messages, and return the token."""
    name = "".join(actions) or "nobody"
    permissions = [{"collection": "messages", "action": action} | ALL for action in actions]
    policy = {"name": name, "permissions": permissions}
    user = {"email": f"{name}@example.com", "token": f"token-of-{name}"}
    made = [
        node.admin.post(path, json=body).raise_for_status().json()["data"]["id"]
        for path, body in (("/policies", policy), ("/users", user))
    ]
    access = {"policy": made[0], "user": made[1]}
    node.admin.post("/access", json=access).raise_for_status()
    return user["token"]


def test_nothing_is_said_of_a_project_that_is_ready(directus: Node, serve: Serve) -> None:
    assert serve(directus.url, directus.token).warning == ""


def test_a_wrong_address(directus: Node, serve: Serve) -> None:
    warning = serve(f"{directus.url}/nowhere", directus.token).warning
    assert "/nowhere is not the address of a Directus: " in warning
    assert "the address of the Data Studio without its /admin" in warning


def test_a_wrong_token(directus: Node, serve: Serve) -> None:
    warning = serve(directus.url, "wrong").warning
    assert f"{directus.url} does not know this token: make one in the Data Studio" in warning


def test_a_user_without_rights(directus: Node, serve: Serve) -> None:
    warning = serve(directus.url, user_with(directus)).warning
    assert "messages is not there, or may not be read" in warning
    assert f'give the token\'s user the policy "{POLICY}" with read and create' in warning


def test_a_user_who_may_not_create(directus: Node, serve: Serve) -> None:
    warning = serve(directus.url, user_with(directus, "read")).warning
    assert "items of messages may be read and not created: " in warning
    assert f'give the token\'s user the policy "{POLICY}"' in warning


def test_no_collection(start: Start, serve: Serve) -> None:
    node = start()
    warning = serve(node.url, ADMIN_TOKEN).warning
    assert "messages is not there, or may not be read" in warning
    assert f"or let `python3 serve.py provision --directus {node.url}` do it" in warning
    node.close()


def test_realtime_is_not_enabled(start: Start, serve: Serve) -> None:
    node = start(WEBSOCKETS_ENABLED="false")
    warning = serve(node.url, ADMIN_TOKEN).warning
    assert (
        f"realtime is not enabled at {node.url}: start Directus with WEBSOCKETS_ENABLED=true"
        in (warning)
    )
    node.close()


@pytest.mark.skipif(
    version() < (12, 4), reason="this Directus lets a page of any origin open its socket"
)
def test_an_origin_that_is_refused(directus: Node, serve: Serve) -> None:
    served = serve(directus.url, directus.token, "--direct")
    origin = served.server.url
    assert f"CORS_ENABLED=true and CORS_ORIGIN={origin}, or leave --direct out" in served.warning


def test_another_auth_mode_and_an_origin_that_is_allowed(start: Start, serve: Serve) -> None:
    node = start(WEBSOCKETS_REST_AUTH="strict", CORS_ENABLED="true", CORS_ORIGIN="true")
    node.provision()
    assert "or start with --auth strict" in serve(node.url, node.token).warning
    assert serve(node.url, node.token, "--auth", "strict", "--direct").warning == ""
    node.close()


def exchange(socket: ClientConnection, *messages: dict[str, Any]) -> list[dict[str, Any]]:
    """Send messages and return one reply to each."""
    replies = []
    for message in messages:
        socket.send(json.dumps(message))
        replies.append(json.loads(socket.recv(timeout=10)))
    return replies


def test_the_relay_carries_what_the_page_does(directus: Node, serve: Serve) -> None:
    with serve(directus.url, directus.token).socket() as socket:
        auth, init = exchange(socket, AUTH, SUBSCRIBE)
        assert auth == {"type": "auth", "status": "ok"}
        assert init["event"] == "init"
        item = {"text": "Grüße", "user": "Ben"}
        directus.admin.post("/items/messages", json=item).raise_for_status()
        event = json.loads(socket.recv(timeout=10))
        assert event["data"][0].items() >= item.items()


def test_closes_are_relayed(directus: Node, serve: Serve) -> None:
    served = serve(directus.url, directus.token)
    with served.socket() as socket:
        (refusal,) = exchange(socket, AUTH | {"access_token": "wrong"})
        assert refusal["error"]["code"] == "AUTH_FAILED"
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert socket.protocol.close_code == 1005
    with served.socket() as socket:
        exchange(socket, AUTH)
        directus.restart()
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
        assert socket.protocol.close_code == 1006
