"""Records a real Directus: `python -m tests.contract.record VERSION FILE [SCENARIO...] > LINES`.

FILE has lines as recording.jsonl has them, of which those that are sent (`>>`) count: the answers
are asked for anew. The lines that are printed are put into a recording by hand. Ids of users and
times differ in every run: they are marked as volatile.
"""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx

from tests.contract.answers import at_home, call, text_of
from tests.contract.directus import Directus, Template
from tests.contract.fixtures import CUSTOM_USERS, USERS, messages_of
from tests.contract.recording import NOTHING, Scenario, Step, read
from tests.contract.scenarios import Setup, setup_of
from tests.contract.wire import Closed, Connection, Silence, Text, upgrade_request
from tests.support import plain_http
from tools.directus_package import VERSION, install

_QUIET = 0.5  # seconds without a frame after which a server has said all
_LATE = 2.0  # seconds for the first one
_VOLATILE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?!2026-01-01)\d{4}-\d\d-\d\dT[\d:.]{12}Z"
)

_PING = Text('{"type":"ping"}')

Line = dict[str, Any]


class Recorder:
    """Plays what a scenario sends, and yields its lines with all that came."""

    def __init__(self, scenario: Scenario, url: str, http: httpx.AsyncClient) -> None:
        self._scenario = scenario
        self._url = url
        self._http = http
        self._connections: dict[str, Connection] = {}

    async def lines(self) -> list[Line]:
        """Return the lines; the connections are closed then."""
        found: list[Line] = []
        try:
            for step in self._scenario.steps:
                if step.direction == ">>":
                    found += [self._line(step, ">>", step.frame), *await self._played(step)]
        finally:
            for connection in self._connections.values():
                await connection.end()
        return [{**line, "step": number} for number, line in enumerate(found, 1)]

    async def _played(self, step: Step) -> list[Line]:
        frame = at_home(step.frame, self._url)
        if step.on_http:
            response = await call(self._http, frame)
            body = response.json() if response.content else None
            answer = {"status": response.status_code, "body": body}
            answer["content_type"] = response.headers.get("content-type")
            return [self._line(step, "<<", answer)]
        if isinstance(frame, str) and frame.startswith("GET "):
            return await self._upgraded(step, frame)
        (await self._connection(step.connection)).send(text_of(frame))
        came: list[Line] = []
        # Until all connections are quiet: who is told of an event later is told in this step, too.
        while heard := [
            self._line(step, *arrival)
            for name in self._connections
            for arrival in await self._heard(
                name, _QUIET if came else _LATE / len(self._connections)
            )
        ]:
            came += heard
        return came or [self._line(step, "<<", NOTHING)]

    async def _upgraded(self, step: Step, head: str) -> list[Line]:
        connection = await Connection.to(self._url, upgrade_request(self._url, head))
        self._connections[step.connection] = connection
        return [self._line(step, "<<", await connection.answer(5))]

    async def _connection(self, name: str) -> Connection:
        if name not in self._connections:
            request = upgrade_request(self._url, "GET /websocket HTTP/1.1")
            self._connections[name] = await Connection.to(self._url, request)
            await self._connections[name].answer(5)
        return self._connections[name]

    async def _heard(self, name: str, limit: float) -> list[tuple[str, Any, str]]:
        found: list[tuple[str, Any, str]] = []
        while True:
            try:
                arrival = await self._connections[name].next(_QUIET if found else limit)
            except Silence:
                return found
            if arrival == _PING:
                continue  # a heartbeat comes at its own time
            if isinstance(arrival, Text):
                found.append(("<<", json.loads(arrival.text), name))
            elif isinstance(arrival, Closed):
                found.append(("close", {"code": arrival.code, "reason": arrival.reason}, name))
                return found

    def _line(self, step: Step, direction: str, frame: Any, name: str | None = None) -> Line:
        line = {"scenario": self._scenario.name, "mode": self._scenario.mode, "step": 0}
        line |= {"dir": direction, "frame": frame}
        if step.note and direction == ">>":
            line["note"] = step.note
        if connection := (step.connection if name is None else name):
            line["conn"] = connection
        if volatile := list(_volatile(frame, "$")):
            line["volatile"] = volatile
        return line


def _volatile(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _volatile(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _volatile(item, f"{path}[{index}]")
    elif isinstance(value, str) and _VOLATILE.search(value):
        yield path


async def _record(scenario: Scenario, url: str) -> list[Line]:
    async with plain_http.async_client(base_url=url, timeout=30) as http:
        return await Recorder(scenario, url, http).lines()


@contextmanager
def _launched(template: Template, setup: Setup) -> Iterator[Directus]:
    server = template.launch(setup)
    try:
        yield server
    finally:
        server.stop()


def main(version: str, path: str, *names: str) -> None:
    """Print the lines of the scenarios with these names, or of all."""
    users = USERS if version == VERSION else (*USERS, *CUSTOM_USERS)
    with tempfile.TemporaryDirectory() as folder:
        template = Template(install(version=version), Path(folder), users)
        wanted = [each for each in read(Path(path)) if not names or each.name in names]
        for setup, scenarios in groupby(wanted, key=setup_of):
            with _launched(template, setup) as server:
                for scenario in scenarios:
                    server.restore(messages_of(scenario), administered=False)
                    for line in asyncio.run(_record(scenario, server.url)):
                        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main(*sys.argv[1:])
