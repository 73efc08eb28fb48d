"""A create that was never written to a socket is never of unknown fate."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from directus_realtime import DeliveryUnknown
from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from tests.support.client import connected, run
from tests.support.embedded import Embedded
from tests.support.proxy import TcpProxy


def test_a_create_between_the_loss_and_its_report_is_not_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sockets: list[ClientConnection] = []
    written: list[Any] = []
    send = ClientConnection.send

    async def remember_and_send(self: ClientConnection, message: Any) -> None:
        sockets.append(self)
        if self.state is State.OPEN:
            written.append(message)
        await send(self, message)

    monkeypatch.setattr(ClientConnection, "send", remember_and_send)
    with Embedded(tmp_path) as server, closing(TcpProxy(server.port)) as proxy:

        async def scene() -> None:
            directus = await connected(proxy.url)
            proxy.cut()
            while sockets[0].state is State.OPEN:
                await asyncio.sleep(0)
            assert directus.state == "open"  # the SDK does not know yet
            try:
                await directus.items("messages").create({"text": "not written"})
            except DeliveryUnknown:
                assert any("not written" in message for message in written), "it was never written"
            finally:
                directus.disconnect()

        run(scene)
