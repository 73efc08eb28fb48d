"""The driver's waits: for a connection, by several tasks and over changes, and its handlers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from directus_realtime import AuthenticationFailed, ConnectionFailed, StateChanged
from directus_realtime.core.auth import Credentials
from directus_realtime.tokens import TokenSource
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from tests.support.client import client, run

Gate = Callable[[Request], Awaitable[Response | None]]


async def let_in(request: Request) -> None:
    """Accept every WebSocket at once."""


@asynccontextmanager
async def directus_with(gate: Gate = let_in) -> AsyncIterator[str]:
    """Serve a Directus that answers tokens and requests; yield its address.

    Args:
        gate: returns the answer to a request for a WebSocket, or to another; None accepts it.
    """

    async def pass_on(_: ServerConnection, request: Request) -> Response | None:
        return await gate(request)

    async def talk(connection: ServerConnection) -> None:
        async for text in connection:
            message = json.loads(text)
            reply: dict[str, Any] = {"type": message["type"], "uid": message.get("uid")}
            await connection.send(json.dumps({**reply, "status": "ok", "data": []}))

    async with serve(talk, "127.0.0.1", 0, process_request=pass_on, ping_interval=None) as server:
        yield f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"


def is_upgrade(request: Request) -> bool:
    return "Upgrade" in request.headers


def test_one_that_gives_up_connecting_leaves_the_connection_to_one_that_waits_longer() -> None:
    async def scene() -> None:
        opening = asyncio.Event()

        async def gate(request: Request) -> Response | None:
            if not is_upgrade(request):
                return Response(503, "busy", Headers())
            await opening.wait()
            return None

        async with directus_with(gate) as url:
            directus = client(url)
            patient = asyncio.ensure_future(directus.connect())
            with pytest.raises(ConnectionFailed):
                await directus.connect(timeout=0.05)
            assert directus.state == "connecting"
            opening.set()
            await patient
            assert await directus.items("messages").read() == []
            directus.disconnect()

    run(scene)


def test_connect_waits_on_where_the_connection_is_lost_at_once() -> None:
    async def scene() -> None:
        async with directus_with() as url:
            directus = client(url)
            states: list[str] = []

            def cut_first(_: object) -> None:
                if states.count("open") == 1:
                    directus.cut()

            directus.on_state(lambda change: states.append(change.state))
            directus.on_web_socket("open", cut_first)
            await directus.connect()
            assert directus.state == "open"
            assert states.count("open") == 2
            directus.disconnect()

    run(scene)


@pytest.mark.parametrize("event", ["open", "message"])
def test_connect_ends_at_once_where_a_handler_disconnects(event: Any) -> None:
    async def scene() -> None:
        async with directus_with() as url:
            directus = client(url)
            directus.on_web_socket(event, lambda _: directus.disconnect())
            with pytest.raises(ConnectionFailed, match="disconnected before"):
                await directus.connect(timeout=None)
            assert directus.state == "closed"

    run(scene)


def test_why_an_earlier_attempt_failed_is_not_told_of_the_next_connection() -> None:
    async def scene() -> None:
        asked, answered = asyncio.Event(), asyncio.Event()

        async def gate(request: Request) -> Response | None:
            if "access_token=wrong" in request.path:
                return Response(401, "refused", Headers())
            if not is_upgrade(request):
                asked.set()
                await answered.wait()
                return Response(401, "refused", Headers())
            answered.set()
            await asyncio.sleep(0.1)  # for the answer to arrive before the connection is open
            return None

        async with directus_with(gate) as url:
            directus = client(url, token="wrong", auth_mode="strict")
            first = asyncio.ensure_future(directus.connect())
            await asked.wait()
            directus.disconnect()
            with pytest.raises(ConnectionFailed):
                await first
            changes: list[StateChanged] = []
            directus.on_state(changes.append)
            await directus.set_token("right")
            await directus.connect()
            assert [(change.state, change.error) for change in changes] == [
                ("connecting", None),
                ("open", None),
            ]
            directus.disconnect()

    run(scene)


@pytest.mark.parametrize("event", ["open", "message", "close"])
def test_a_handler_that_asks_a_cancelled_task_for_its_result_stops_nothing(event: Any) -> None:
    async def scene() -> None:
        cancelled = asyncio.ensure_future(asyncio.sleep(60))
        cancelled.cancel()
        await asyncio.wait([cancelled])
        async with directus_with() as url:
            directus = client(url)
            directus.on_web_socket(event, lambda _: cancelled.result())
            directus.on_state(lambda _: cancelled.result())
            await directus.connect()
            assert await directus.items("messages").read() == []
            directus.disconnect()
            assert directus.state == "closed"

    run(scene)


def test_an_old_handle_of_a_handler_removes_no_new_one() -> None:
    async def scene() -> None:
        async with directus_with() as url:
            directus = client(url)
            seen: list[object] = []

            def watch_state() -> Callable[[], None]:
                return directus.on_state(seen.append)

            def watch_opening() -> Callable[[], None]:
                return directus.on_web_socket("open", seen.append)

            for watch in (watch_state, watch_opening):
                remove = watch()
                remove()
                watch()
                remove()
            await directus.connect()
            assert [getattr(each, "state", "opened") for each in seen] == [
                "connecting",
                "authenticating",
                "open",
                "opened",
            ]
            directus.disconnect()

    run(scene)


def test_a_token_that_is_set_while_the_refresh_of_another_is_refused_is_used() -> None:
    class Refused(TokenSource):
        """Has no token until one is set, which happens just before the first refusal."""

        async def credentials(self, refused: dict[str, str] | None = None) -> Credentials:
            if not self.sign_ins:
                self.report_sign_in()
                raise AuthenticationFailed("The refresh token is refused.")
            return Credentials({"access_token": "the one that was set"})

    async def scene() -> None:
        async with directus_with() as url:
            directus = client(url)
            directus.tokens = Refused()
            await directus.connect()
            assert directus.state == "open"
            directus.disconnect()

    run(scene)
