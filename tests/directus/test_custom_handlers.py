"""The guide on custom handlers, on a Directus that has loaded a hook extension."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from directus_realtime import RealtimeClient

from tests.directus.conftest import Start
from tests.guides import custom_handlers
from tests.support.client import client, connected, make, run
from tests.support.directus import Node
from tests.support.embedded import ROOT, TOKEN
from tools.local_directus import ADMIN_TOKEN

Heard = asyncio.Queue[dict[str, Any]]
Scene = Callable[[RealtimeClient, RealtimeClient], Awaitable[None]]


@pytest.fixture(scope="module")
def node(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Node:
    """A Directus with the guide's project and the hook."""
    extensions = tmp_path_factory.mktemp("extensions")
    shutil.copytree(ROOT / "tests" / "guides" / "extensions", extensions, dirs_exist_ok=True)
    node = start(EXTENSIONS_PATH=str(extensions))
    node.provision()
    return node


def run_scene(node: Node, scene: Scene) -> None:
    """Run a scene with a connected client of the guide's user, and one of an administrator."""

    async def whole() -> None:
        directus = await connected(node.url)
        admin = await connected(node.url, ADMIN_TOKEN)
        await scene(directus, admin)
        directus.disconnect()
        admin.disconnect()

    run(whole)


def user_of(node: Node) -> str:
    """Return the key of the guide's user."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = node.admin.get("/users/me", headers=headers).raise_for_status()
    return str(answer.json()["data"]["id"])


def test_who_comes_and_goes_is_told(node: Node) -> None:
    async def scene(directus: RealtimeClient, _: RealtimeClient) -> None:
        heard = Heard()
        custom_handlers.watch_presence(directus, heard.put_nowait)
        other = client(node.url)
        await other.connect()
        signed_in = asyncio.Event()
        other.on_message("auth", lambda _: signed_in.set())
        other.send_message({"type": "auth", "access_token": TOKEN})
        await signed_in.wait()
        other.disconnect()
        # Directus waits for no action: they may overtake each other, and those of the clients that
        # were there before may come late.
        users: dict[str, dict[str, str]] = {}
        while {"connect", "auth.success", "close"} not in map(set, users.values()):
            message = await heard.get()
            users.setdefault(message["connection"], {})[message["event"]] = message["user"]
        (its,) = (events for events in users.values() if "close" in events)
        assert set(its.values()) == {user_of(node)}

    run_scene(node, scene)


def test_a_type_of_ones_own_reaches_the_hook_and_its_handlers(node: Node) -> None:
    async def scene(directus: RealtimeClient, admin: RealtimeClient) -> None:
        heard, others, removed = Heard(), Heard(), Heard()
        custom_handlers.hear_typing(admin, heard.put_nowait)
        custom_handlers.hear_typing(admin, removed.put_nowait)()
        admin.on_message("typing", others.put_nowait)
        custom_handlers.send_typing(directus, "general")
        user = user_of(node)
        assert await heard.get() == {"type": "typing-indicator", "channel": "general", "user": user}
        assert others.empty()
        assert removed.empty()

    run_scene(node, scene)


def test_a_subscribe_that_names_no_fields_gets_the_hooks(node: Node) -> None:
    async def scene(directus: RealtimeClient, _: RealtimeClient) -> None:
        subscription = await custom_handlers.subscribe_shortened(directus)
        (key,) = await make(directus, "Hello!")
        messages = [await anext(subscription) for _ in range(2)]
        assert messages[1]["data"] == [{"id": key, "text": "Hello!"}]

    run_scene(node, scene)


def test_the_hook_pushes_messages_to_all_to_one_user_and_to_chosen_clients(node: Node) -> None:
    async def scene(directus: RealtimeClient, admin: RealtimeClient) -> None:
        heard = {directus: Heard(), admin: Heard()}
        for each, messages in heard.items():
            for hear in (
                custom_handlers.hear_notifications,
                custom_handlers.hear_receipts,
                custom_handlers.hear_alerts,
            ):
                hear(each, messages.put_nowait)
        await make(directus, "Hello!")
        for each, types in (
            (directus, ["notification", "receipt"]),
            (admin, ["notification", "alert"]),
        ):
            seen = [await heard[each].get() for _ in types]
            assert seen == [{"type": type, "data": {"text": "Hello!"}} for type in types]
        for each, messages in heard.items():  # the hook has sent all of them by now
            await each.items("messages").read({"limit": 0})
            assert messages.empty()

    run_scene(node, scene)
