"""Whatever is sent, the server answers a ping within a second, and breaks nowhere."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support import plain_http
from tests.support.embedded import EDITORS, TOKEN, Embedded, with_project
from tests.support.tier import runs

COUNT = runs(50_000)  # requests by REST, and as many frames
LIMIT = 1.0  # seconds to a pong
GROWTH = 1.1  # of resident memory, once a fifth of the requests has been made

fuzzing = settings(
    max_examples=COUNT,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

NAMES = st.sampled_from(["id", "text", "user", "date_created", "no", "year(date_created)", "*"])
TEXTS = st.one_of(
    NAMES,
    st.text(max_size=20),
    st.sampled_from(["messages", "notes", "directus_users", "-1", "$NOW(-1 day)", "constructor"]),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
OPERATORS = st.sampled_from(
    [
        "_eq",
        "_neq",
        "_lt",
        "_gte",
        "_in",
        "_nin",
        "_between",
        "_null",
        "_nnull",
        "_empty",
        "_contains",
        "_nicontains",
        "_and",
        "_or",
    ]
)
FILTERS = st.recursive(
    st.dictionaries(NAMES, st.dictionaries(OPERATORS, VALUES, max_size=2), max_size=2),
    lambda inner: st.dictionaries(OPERATORS, st.lists(inner, max_size=3), max_size=2),
    max_leaves=4,
)
QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "fields": st.one_of(st.lists(NAMES, max_size=3), SCALARS),
        "filter": st.one_of(FILTERS, VALUES),
        "sort": st.one_of(st.lists(NAMES, max_size=2), SCALARS),
        "search": SCALARS,
        "limit": SCALARS,
        "offset": SCALARS,
        "page": SCALARS,
        "meta": SCALARS,
        "deep": SCALARS,
    },
)
COLLECTIONS = st.one_of(st.sampled_from(["messages", "notes"]), VALUES)
FRAMES = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(["items", "subscribe", "unsubscribe", "auth"]), VALUES)},
    optional={
        "collection": COLLECTIONS,
        "action": st.one_of(st.sampled_from(["create", "read", "update", "delete"]), VALUES),
        "event": st.one_of(st.sampled_from(["create", "update", "delete"]), VALUES),
        "id": SCALARS,
        "ids": st.one_of(st.lists(SCALARS, max_size=3), VALUES),
        "item": SCALARS,
        "data": VALUES,
        "query": st.one_of(QUERIES, VALUES),
        "uid": SCALARS,
        "access_token": SCALARS,
    },
)
BODIES = st.one_of(
    VALUES,
    st.fixed_dictionaries({}, optional={"keys": VALUES, "query": QUERIES, "data": VALUES}),
)
PATHS = st.sampled_from(
    [
        "/items/messages",
        "/items/notes",
        "/items/messages/1",
        "/items/no",
        "/users/me",
        "/server/info",
        "/server/health",
        "/auth/refresh",
        "/auth/logout",
        "/nope",
    ]
)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "SEARCH", "PUT"])
HEADERS = st.sampled_from(
    [{}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer a.b.c"}]
)


class Socket:
    """A connection that is opened again when the server has closed it."""

    def __init__(self, server: Embedded) -> None:
        self._address = f"ws://127.0.0.1:{server.port}/websocket?access_token={TOKEN}"
        self._runner = asyncio.Runner()
        self._connection: ClientConnection | None = None
        self._pings = 0

    def say(self, message: str | bytes = "") -> None:
        """Send a message if there is one, and then a ping; a pong has to come."""
        self._runner.run(self._say(message))

    async def _say(self, message: str | bytes) -> None:
        try:
            if message and self._connection is not None:
                await self._connection.send(message)
            await self._ping()
        except ConnectionClosed:
            self._connection = None
            await self._ping()

    async def _ping(self) -> None:
        if self._connection is None:
            self._connection = await connect(self._address, ping_interval=None)
        self._pings += 1
        pong = {"type": "pong", "uid": f"ping {self._pings}"}
        await self._connection.send(json.dumps({**pong, "type": "ping"}))
        async with asyncio.timeout(LIMIT):
            while json.loads(await self._connection.recv()) != pong:
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._runner.run(self._connection.close())
        self._runner.close()


class Watch:
    """Sees that memory stays where it was when a fifth of the requests had been made."""

    def __init__(self, server: Embedded) -> None:
        self._server = server
        self._requests = 0
        self._before: int | None = None

    def tick(self) -> None:
        self._requests += 1
        if self._requests == COUNT // 5:
            self._before = self._server.resident

    def check(self) -> None:
        assert "Traceback" not in self._server.log, self._server.log
        after = self._server.resident
        if self._before is not None and after is not None:
            assert after < self._before * GROWTH, f"memory grew from {self._before} to {after}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    server = with_project(tmp_path, EDITORS, "--auth", "public").start()
    yield server
    server.stop()


def test_any_frame(server: Embedded) -> None:
    watch = Watch(server)
    with Socket(server) as socket:
        socket.say()

        @fuzzing
        @given(st.one_of(FRAMES.map(json.dumps), VALUES.map(json.dumps), st.text(), st.binary()))
        def send(frame: str | bytes) -> None:
            watch.tick()
            socket.say(frame.encode("utf-8", "replace") if isinstance(frame, str) else frame)

        send()
    watch.check()


def test_any_request(server: Embedded) -> None:
    watch = Watch(server)

    def parameters(query: dict[str, Any]) -> dict[str, str]:
        return {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}

    with plain_http.client(base_url=server.url, timeout=5) as http, Socket(server) as socket:

        @fuzzing
        @given(METHODS, PATHS, HEADERS, QUERIES.map(parameters), BODIES.map(json.dumps) | st.text())
        def ask(
            method: str, path: str, headers: dict[str, str], query: dict[str, str], body: str
        ) -> None:
            watch.tick()
            response = http.request(
                method,
                path,
                params={name: value.encode("utf-8", "replace") for name, value in query.items()},
                headers={**headers, "Content-Type": "application/json"},
                content=body.encode("utf-8", "replace"),
            )
            assert response.status_code < 500, response.text
            socket.say()

        ask()
    watch.check()
