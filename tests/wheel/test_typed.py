"""What mypy --strict says of a user's program on the installed wheel: its mistakes, no others."""

import re
import subprocess
import sys

import pytest

from tests.wheel.conftest import Installed

CORRECT = """
import asyncio
from collections.abc import Callable
from typing import assert_type

from directus_realtime import (
    AuthMode,
    CreateMessage,
    EventName,
    InitMessage,
    Key,
    Query,
    RealtimeClient,
    Row,
    State,
    Subscription,
    SubscriptionMessage,
    UpdateMessage,
    create_directus,
    keys_of,
    realtime,
    static_token,
)

QUERY: Query = {"fields": ["user", "text"], "filter": {"user": {"_eq": "Ben"}}}


def client(url: str, auth_mode: AuthMode = "handshake") -> RealtimeClient:
    directus = create_directus(url).with_(static_token("t")).with_(realtime(auth_mode=auth_mode))
    directus.on_web_socket("open", lambda event: print("open"))
    directus.on_web_socket("close", lambda event: print(event.code + 1, event.reason.upper()))
    directus.on_web_socket("message", lambda message: print(message["type"]))
    directus.on_web_socket("error", print)
    stop = directus.on_message("typing-indicator", lambda message: print(message["channel"]))
    assert_type(stop, Callable[[], None])
    return directus


async def crud(directus: RealtimeClient) -> None:
    messages = directus.items("messages")
    assert_type(await messages.create({"text": "one"}), Row)
    assert_type(await messages.create([{"text": "one"}, {"text": "two"}]), list[Row])
    assert_type(await messages.read(QUERY), list[Row])
    assert_type(await messages.read(id=1), Row)
    assert_type(await messages.read(ids=[1, 2]), list[Row])
    assert_type(await messages.update({"text": "two"}, id=1), Row)
    assert_type(await messages.update([{"id": 1, "text": "two"}]), list[Row])
    assert_type(await messages.delete(id=1), Key)
    assert_type(await messages.delete(ids=[1]), list[Key])


async def listen(directus: RealtimeClient, event: EventName) -> None:
    created = await directus.subscribe("messages", event="create", query=QUERY)
    assert_type(created, Subscription[InitMessage | CreateMessage])
    async for message in created:
        for row in message.get("data", []):
            print(row["text"], keys_of(message))
        if message["event"] == "create":
            assert_type(message, CreateMessage)
            print(message.get("recovered", False))
    updated = await directus.subscribe("messages", event="update")
    assert_type(updated, Subscription[InitMessage | UpdateMessage])
    await tell(created)
    await tell(updated)
    await tell(await directus.subscribe("messages", event=event))


async def tell(subscription: Subscription[SubscriptionMessage]) -> list[Key]:
    gone: list[Key] = []
    async for message in subscription:
        assert isinstance(message, dict)
        if message["event"] == "delete":
            gone += message["data"]
    subscription.unsubscribe()
    return gone


async def main() -> None:
    directus = client("http://127.0.0.1:8000")
    await directus.connect()
    state: State = directus.state
    async with directus.live("messages", query=QUERY) as live:
        async for change in live:
            print(state, change.kind == "enter", change.row["text"], live.rows)


asyncio.run(main())
"""

MISTAKES = """
from directus_realtime import Opened, RealtimeClient, Row, create_directus, realtime


def on_open(event: Opened) -> None:
    print(event.code)  # E: attr-defined


async def main(directus: RealtimeClient) -> None:
    directus.on_web_socket("opened", print)  # E: call-overload
    directus.on_web_socket("close", on_open)  # E: call-overload
    directus.on_message("typing-indicator", on_open)  # E: arg-type
    directus.connect()  # E: unused-coroutine
    directus.login("ben@example.com", "secret")  # E: attr-defined
    await directus.subscribe("messages", event="created")  # E: call-overload
    await directus.subscribe("messages", query="fields=text")  # E: call-overload
    messages = directus.items("messages")
    messages.create({"text": "one"})["id"]  # E: index
    one: Row = await messages.create([{"text": "one"}])  # E: assignment
    two: list[Row] = await messages.read(id=2)  # E: assignment
    await messages.read("fields=text")  # E: call-overload
    await messages.read(id=1, ids=[1, 2])  # E: call-overload
    await messages.update({"text": "all of them"})  # E: call-overload
    async for message in await directus.subscribe("messages"):
        if message["event"] == "update":
            print(message["recovered"])  # E: typeddict-item
        elif message["event"] == "delete":
            rows: list[Row] = message["data"]  # E: assignment
        elif message["event"] == "crate":  # E: comparison-overlap
            pass
    if directus.state == "opne":  # E: comparison-overlap
        pass
    create_directus("http://127.0.0.1").with_(realtime(auth_mode="none"))  # E: arg-type
"""


@pytest.fixture(scope="module")
def found(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy says of both programs."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "correct.py").write_text(CORRECT, encoding="utf-8")
    (folder / "mistakes.py").write_text(MISTAKES, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable"]
    done = subprocess.run(
        [
            *command,
            str(installed("newest")),
            "--config-file=",
            "--no-pretty",
            "correct.py",
            "mistakes.py",
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert not done.stderr
    return done.stdout


def errors(found: str, program: str) -> list[tuple[int, str]]:
    """The lines and codes of the errors in a program."""
    matches = re.findall(rf"^{program}\.py:(\d+): error: .* \[([a-z-]+)\]$", found, re.MULTILINE)
    return sorted((int(line), code) for line, code in matches)


def test_a_correct_program_has_no_errors(found: str) -> None:
    assert "correct.py" not in found, found


def test_each_mistake_is_found_and_nothing_else(found: str) -> None:
    lines = enumerate(MISTAKES.splitlines(), 1)
    expected = [(number, line.split("# E: ")[1]) for number, line in lines if "# E: " in line]
    assert errors(found, "mistakes") == expected, found
    assert f"Found {len(expected)} errors in 1 file" in found
