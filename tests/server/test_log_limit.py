"""What a client does fills no disk with lines of the log."""

import json
import logging
from types import SimpleNamespace

import pytest
from websockets.asyncio.client import ClientConnection

from server import log_limit
from server.log_limit import LogLimit
from tests.server.sockets import AUTH, Start, on_socket, say


def record(number: int, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("server", level, "", 0, "line %d", (number,), None)


def test_some_lines_of_each_period_and_all_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: 1_000.0)
    monkeypatch.setattr(log_limit, "time", clock)
    limit = LogLimit()
    lines = [record(number) for number in range(150)]
    passed = [line.getMessage() for line in lines if limit.filter(line)]
    assert passed[:99] == [f"line {number}" for number in range(99)]
    assert passed[99:] == ["line 99 (further lines are left out for 10 s)"]
    assert limit.filter(record(0, logging.ERROR))
    clock.monotonic = lambda: 1_010.0
    assert limit.filter(record(0))


def test_what_one_client_sends_has_few_lines(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "server")

    async def conversation(socket: ClientConnection) -> None:
        await say(socket, AUTH)
        for _ in range(300):
            await socket.send(json.dumps({"type": "nothing"}))
        assert (await say(socket, {"type": "ping"}))["type"] == "pong"

    on_socket(start().address, conversation)
    assert sum("ignored a message" in line.getMessage() for line in caplog.records) == 100
