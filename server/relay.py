"""A relay to a Directus elsewhere: its socket and its REST on the page's own origin.

With it, a page in development needs no CORS setting of that Directus. Only the paths in ``_PATHS``
are relayed. Pages of other origins are refused here, because Directus does not see the origin of a
relayed request.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType

import httpx
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from server.config import RELAYED_FRAME_SIZE, Config
from server.cors import may_connect
from server.errors import DirectusError, route_not_found

log = logging.getLogger("server")
logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines have whole addresses, with tokens

_PATHS = ("/auth", "/items", "/users", "/server")
_OPEN_TIMEOUT = 10.0  # seconds: Directus never answers an upgrade of an unknown path
_ANSWER_TIMEOUT = 60.0  # seconds of silence in a REST answer
_CLOSE_TIMEOUT = 1.0  # seconds for Directus to answer a close
_NO_STATUS, _ABNORMAL = 1005, 1006
_OK, _REFUSED, _STATUS_END = 200, 400, 600  # statuses of HTTP

# Headers of one connection (hop by hop), and headers about this server's origin.
_OF_THE_HOP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"),
    *("te", "trailer", "transfer-encoding", "upgrade"),
}
_OF_THE_ORIGIN = {"host", "origin", "referer"}
# What a client claims about the way of its request: said anew, of this connection.
_OF_THE_WAY = {
    *("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port"),
    *("x-forwarded-proto", "x-forwarded-server", "x-real-ip"),
}
_KEPT_BACK = {*_OF_THE_ORIGIN, *_OF_THE_WAY, "cookie", "expect"}
_COOKIES = ("directus_session_token", "directus_refresh_token")


class _Connect(connect):
    """A connection that follows no redirect: the token is for the Directus that is named."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the error, which is raised."""
        return exc


class Relay:
    """A relay to one Directus, which is an asynchronous context manager."""

    def __init__(self, url: str, config: Config) -> None:
        self._url = url
        self._config = config
        self._tls = httpx.create_ssl_context()
        self._client = httpx.AsyncClient(
            verify=self._tls,
            timeout=httpx.Timeout(_ANSWER_TIMEOUT, connect=_OPEN_TIMEOUT),
            # Directus may close an idle connection at the moment of its next use.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def __aenter__(self) -> "Relay":
        """Return itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._client.aclose()

    def socket_routes(self) -> list[BaseRoute]:
        """Return the route of the socket."""
        return [WebSocketRoute("/websocket", self.socket)]

    def http_routes(self) -> list[BaseRoute]:
        """Return the routes of the REST endpoints."""
        return [Mount(path, app=self.http) for path in _PATHS]

    async def http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward one request and its response, both as they arrive."""
        request = Request(scope, receive)
        if not self._may_enter(request.headers):
            raise DirectusError("FORBIDDEN", "This page's relay serves no others.", status=403)
        has_body = bool({"content-length", "transfer-encoding"} & set(request.headers.keys()))
        outgoing = httpx.Request(
            request.method,
            self._url + _target(scope),
            headers=[*_passed_on(scope["headers"], _KEPT_BACK), *_added(request)],
            content=request.stream() if has_body else None,
        )
        try:
            answer = await self._client.send(outgoing, stream=True)
        except httpx.TimeoutException:
            raise _unavailable(self._url, "does not answer in time", 504) from None
        except httpx.HTTPError as error:
            raise _unavailable(self._url, f"is not reached ({error})", 502) from None
        try:
            if not _OK <= answer.status_code < _STATUS_END:
                words = f"answers with the status {answer.status_code}, which HTTP has not"
                raise _unavailable(self._url, words, 502)
            response = StreamingResponse(answer.aiter_raw(), answer.status_code)
            response.raw_headers = _passed_on(answer.headers.raw)
            await response(scope, receive, send)
        except httpx.HTTPError as error:
            # The response has begun: all that is left is to cut it off.
            # The query is left out, since it may hold a token.
            log.warning("an answer of %s to %r broke off: %s", self._url, scope["path"], error)
        finally:
            await answer.aclose()

    def _may_enter(self, headers: Headers) -> bool:
        return may_connect(self._config, headers.get("origin"), headers.get("host", ""))

    async def socket(self, websocket: WebSocket) -> None:
        """Open a socket to Directus and join the two, or refuse with its status."""
        await websocket.receive()  # the connect event, which has no content
        status = 403
        if self._may_enter(websocket.headers):
            try:
                upstream = await self._open(websocket)
            except InvalidStatus as error:
                # One that is no refusal, such as a redirect, is not for the page.
                refused = _REFUSED <= error.response.status_code < _STATUS_END
                status = error.response.status_code if refused else 502
            except TimeoutError:
                status = 504
            except (OSError, InvalidHandshake) as error:
                log.warning("no socket to %s: %s", self._url, error)
                status = 502
            else:
                async with upstream:
                    await websocket.accept(subprotocol=upstream.subprotocol)
                    await _join(websocket, upstream)
                return
        await websocket.send_denial_response(Response(status_code=status))

    async def _open(self, websocket: WebSocket) -> ClientConnection:
        headers = websocket.headers
        offered = [Subprotocol(name) for name in websocket.scope["subprotocols"]]
        return await _Connect(
            f"ws{self._url.removeprefix('http')}/websocket{_query(websocket.scope)}",
            ssl=self._tls if self._url.startswith("https:") else None,
            subprotocols=offered or None,
            additional_headers=[(k.decode(), v.decode("latin-1")) for k, v in _added(websocket)],
            user_agent_header=headers.get("user-agent"),
            compression=None,
            # Directus does not answer protocol pings.
            ping_interval=None,
            open_timeout=_OPEN_TIMEOUT,
            close_timeout=_CLOSE_TIMEOUT,
            max_size=RELAYED_FRAME_SIZE,
        )


async def _join(websocket: WebSocket, upstream: ClientConnection) -> None:
    """Relay frames in both directions until one side closes; then close the other the same way."""
    outward = asyncio.create_task(_relay_to_directus(websocket, upstream))
    inward = asyncio.create_task(_relay_to_page(websocket, upstream))
    try:
        await asyncio.wait((outward, inward), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (outward, inward):
            task.cancel()
        await asyncio.wait((outward, inward))
    for task in (outward, inward):
        if not task.cancelled():
            task.result()


async def _relay_to_directus(websocket: WebSocket, upstream: ClientConnection) -> None:
    # Each send waits for room in the other connection: a slow reader slows the writer down.
    try:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            text = message.get("text")
            await upstream.send(message["bytes"] if text is None else text)
    except ConnectionClosed:
        # The other direction reads the remaining frames and the close code.
        await asyncio.get_running_loop().create_future()
    code = message["code"]
    closed_without = code in (_NO_STATUS, _ABNORMAL)
    reason = "" if closed_without else message.get("reason") or ""
    await upstream.close(None if closed_without else code, reason)  # type: ignore[arg-type]


async def _relay_to_page(websocket: WebSocket, upstream: ClientConnection) -> None:
    # These are raised if the page is gone.
    with suppress(WebSocketDisconnect, RuntimeError):
        with suppress(ConnectionClosed):
            async for frame in upstream:
                if isinstance(frame, str):
                    await websocket.send_text(frame)
                else:
                    await websocket.send_bytes(frame)
        code = upstream.close_code
        # Without a close frame, the page gets none either: its connection ends.
        if code != _ABNORMAL:
            code = None if code == _NO_STATUS else code
            reason = upstream.close_reason
            await websocket.send({"type": "websocket.close", "code": code, "reason": reason})


def _target(scope: Scope) -> str:
    """Return the path and query as the client sent them.

    Raises:
        DirectusError: the path leaves the relayed endpoints.
    """
    if {".", ".."} & set(scope["path"].split("/")):
        raise route_not_found(scope["path"])
    return str(scope["raw_path"].decode("ascii")) + _query(scope)


def _query(scope: Scope) -> str:
    query = scope["query_string"].decode("ascii")
    return f"?{query}" if query else ""


def _added(client: HTTPConnection) -> list[tuple[bytes, bytes]]:
    """Return Directus' own cookies, and what a proxy says of the client."""
    pairs = [pair.strip() for pair in client.headers.get("cookie", "").split(";")]
    cookies = "; ".join(pair for pair in pairs if pair.partition("=")[0] in _COOKIES)
    scheme = client.url.scheme.replace("ws", "http")
    headers = {
        "cookie": cookies,
        "x-forwarded-for": client.client.host if client.client else "",
        "x-forwarded-host": client.headers.get("host", ""),
        "x-forwarded-proto": scheme,
    }
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if value]


def _passed_on(
    headers: Iterable[tuple[bytes, bytes]], kept_back: Iterable[str] = ()
) -> list[tuple[bytes, bytes]]:
    pairs = [(name.lower(), value) for name, value in headers]
    named = b",".join(value for name, value in pairs if name == b"connection").decode("latin-1")
    of_the_hop = {*_OF_THE_HOP, *kept_back, *(name.strip().lower() for name in named.split(","))}
    return [(name, value) for name, value in pairs if name.decode("latin-1") not in of_the_hop]


def _unavailable(url: str, what: str, status: int) -> DirectusError:
    log.warning("%s %s", url, what)
    cure = "see that it is running there and that the address is right"
    return DirectusError("SERVICE_UNAVAILABLE", f"Directus at {url} {what}: {cure}.", status=status)
