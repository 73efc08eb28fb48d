"""The realtime client at addresses and in set-ups of its own, and its log.

What it does everywhere is in `tests/behaviours`.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from directus_realtime import AuthenticationFailed, ConnectionFailed

from tests.support.client import client, run
from tests.support.embedded import Embedded, free_port


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    embedded = Embedded(tmp_path_factory.mktemp("server")).start()
    yield embedded
    embedded.stop()


def test_where_nothing_listens_connect_gives_up_in_time_and_leaves_nothing() -> None:
    async def scene() -> None:
        directus = client(f"http://127.0.0.1:{free_port()}")
        errors: list[Any] = []
        directus.on_web_socket("error", errors.append)
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await directus.connect(timeout=0.5)
        assert errors
        assert directus.state == "closed"

    run(scene)


def test_strict_mode_carries_the_token_in_the_address(tmp_path: Path) -> None:
    server = Embedded(tmp_path, "--auth", "strict", "--token", "a+token/with-ü&=")

    async def scene() -> None:
        directus = client(server.url, token="a+token/with-ü&=", auth_mode="strict")
        await directus.connect()
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()
        refused = client(server.url, token="wrong", auth_mode="strict")
        with pytest.raises(AuthenticationFailed, match="refused the token"):
            await refused.connect()
        other_mode = client(server.url, token="a+token/with-ü&=", auth_mode="public")
        with pytest.raises(ConnectionFailed, match='expects the auth mode "strict"'):
            await other_mode.connect(timeout=1)

    server.start()
    try:
        run(scene)
    finally:
        server.stop()


def test_debug_logging_shows_frames_and_states_and_no_secret(
    server: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        directus = client(server.url, debug=True)
        await directus.connect()
        directus.disconnect()

    caplog.set_level("WARNING", logger="directus")  # what it was before is put back in the end
    caplog.handler.setLevel("DEBUG")
    run(scene)
    assert caplog.messages[1:] == [
        f"= opening {server.url.replace('http', 'ws')}/websocket",
        "= authenticating (socket opened)",
        '> {"access_token":"***","type":"auth"}',
        '< {"type":"auth","status":"ok"}',
        "= open (ready)",
        "= closed (disconnect)",
    ]


def test_debug_logging_is_seen_where_the_program_has_set_up_none() -> None:
    log = "import logging; logging.getLogger('directus').debug('seen')"
    code = f"from directus_realtime import realtime; realtime(debug=True); {log}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stderr == "seen\n"
