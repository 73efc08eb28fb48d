"""Servers on free ports, in threads of their own, and databases with a few rows."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.app import create_server
from server.config import Config
from tests.server.desk import PROJECT, Desk
from tests.server.rows import ALL, CODE, ROWS, TEXTS, USERS

TOKEN = "your_access_token"


class Running:
    """A server that listens, and how to end it."""

    def __init__(self, config: Config) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.listener = listener
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        ready = threading.Event()
        self._server = create_server(config, ready.set)
        self._thread = threading.Thread(target=self._server.run, args=([listener],))
        self._thread.start()
        assert ready.wait(10), "the server does not listen"

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        assert not self._thread.is_alive(), "the server does not end"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small checkout."""
    root = tmp_path / "checkout"
    (root / "app" / "directus").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>Messages</title>")
    (root / "pyscript.toml").write_text('[directus]\ntoken = "sample"  # of a user\n')
    (root / "app" / "main.py").write_text("print('one')\n")
    (root / "app" / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (root / "app" / ".secret.py").write_text("hidden")
    (root / "app" / "notes.txt").write_text("not the page's")
    return root


@pytest.fixture
def start(root: Path, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts servers on one database; they end with the test."""
    running: list[Running] = []

    def start(**options: Any) -> Running:
        config = Config(root=root, database=tmp_path / "messages.db", **options)
        running.append(Running(config))
        return running[-1]

    yield start
    for server in running:
        server.stop()


@pytest.fixture(scope="module")
def connection() -> Any:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        ROWS.table.create(connection)
        for key in ALL:
            row = {
                "id": key,
                "at": f"2026-01-0{key}T00:00:00.000Z",
                "text": TEXTS[key - 1],
                "user": USERS[key - 1],
                "size": key * 1.25,
                "done": key % 2,
                "tags": '["x"]' if key == 1 else None,
                "code": CODE if key == 1 else None,
            }
            connection.execute(sa.insert(ROWS.table).values(row))
        yield connection
    engine.dispose()


@pytest.fixture
def desk() -> Iterator[Desk]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for collection in PROJECT.collections:
            collection.table.create(connection)
        desk = Desk(connection)
        for text, user in (("one", "Ben"), ("two", "Rijk"), ("three", "Kevin")):
            desk.do("create", data={"text": text, "user": user})
        yield desk
    engine.dispose()
