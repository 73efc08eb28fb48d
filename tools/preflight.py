"""Checks before a page is served: will it work with this Directus?"""

from urllib.parse import quote

import httpx
from websockets.exceptions import InvalidHandshake, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from server.config import AuthMode
from tools.directus_admin import DirectusAdmin, Refused
from tools.provision import POLICY
from tools.steps import SetupError

_PATH = "/websocket"
_TIMEOUT = 10.0  # seconds, for the upgrade


def diagnose(
    url: str, token: str, auth_mode: AuthMode, origin: str | None, *, is_guide: bool = True
) -> str | None:
    """Return one sentence with what will go wrong and its cure; None if nothing was found.

    `origin` is the page's where the browser itself will connect, or None behind our relay. Only the
    guide's page needs the guide's collection.
    """
    try:
        with DirectusAdmin(url) as admin:
            admin.ping()
            admin.identify(token)
            _check_realtime(admin, auth_mode, bool(token))
            if is_guide:
                _check_messages(admin, bool(token))
        _check_upgrade(url, token, auth_mode, origin)
    except SetupError as error:
        return str(error)
    return None


def _check_realtime(admin: DirectusAdmin, auth_mode: AuthMode, is_user: bool) -> None:
    info = admin.get("/server/info")
    if not is_user:
        return  # the public is not told
    socket = info.get("websocket")
    if not socket:
        raise SetupError(_realtime_is_off(admin.url))
    if not socket.get("rest"):
        raise SetupError(_sockets_are_off(admin.url))
    used = socket["rest"]["authentication"]
    if used != auth_mode:
        raise SetupError(
            f"{admin.url} runs with WEBSOCKETS_REST_AUTH={used}, and the page with auth_mode "
            f'{auth_mode!r}: set auth_mode = "{used}" in pyscript.toml, or start with --auth {used}'
        )


def _check_messages(admin: DirectusAdmin, is_user: bool) -> None:
    cure = (
        f'give the token\'s user the policy "{POLICY}" with read and create on messages, all '
        f"fields, or let `python3 serve.py provision --directus {admin.url}` do it"
    )
    try:
        admin.get("/items/messages", {"fields": "user,text", "limit": "1"})
    except Refused as error:
        if error.code != "FORBIDDEN":
            raise
        raise SetupError(f"messages is not there, or may not be read ({error}): {cure}") from error
    if is_user and not _may_create(admin):
        raise SetupError(f"items of messages may be read and not created: {cure}")


def _may_create(admin: DirectusAdmin) -> bool:
    try:
        permissions = admin.get("/permissions/me")
    except Refused as error:
        if error.code != "ROUTE_NOT_FOUND":
            raise
        return True  # a server that does not tell, as our own
    return bool(permissions.get("messages", {}).get("create", {}).get("access", "none") != "none")


def _check_upgrade(url: str, token: str, auth_mode: AuthMode, origin: str | None) -> None:
    """Open a socket as the page will, and close it."""
    address = f"ws{url.removeprefix('http')}{_PATH}"
    if auth_mode == "strict":
        address += f"?access_token={quote(token, safe='')}"
    try:
        with connect(
            address,
            ssl=httpx.create_ssl_context() if url.startswith("https:") else None,
            origin=None if origin is None else Origin(origin),
            compression=None,
            ping_interval=None,
            open_timeout=_TIMEOUT,
            close_timeout=0,
        ):
            pass
    except InvalidStatus as error:
        raise SetupError(_refusal(url, error.response.status_code, origin)) from error
    except TimeoutError as error:
        raise SetupError(_sockets_are_off(url)) from error
    except (OSError, InvalidHandshake) as error:
        raise SetupError(f"{url}/websocket does not open ({error}): see its log") from error


def _refusal(url: str, status: int, origin: str | None) -> str:
    if status == 404:
        return _realtime_is_off(url)
    if status == 403 and origin is not None:
        return (
            f"{url} lets no page of {origin} connect: start Directus with CORS_ENABLED=true and "
            f"CORS_ORIGIN={origin}, or leave --direct out"
        )
    return (
        f"{url}/websocket refuses a connection with status {status}: see that a proxy before it "
        "lets WebSockets through, and its WEBSOCKETS_REST_AUTH and WEBSOCKETS_REST_CONN_LIMIT"
    )


def _realtime_is_off(url: str) -> str:
    return f"realtime is not enabled at {url}: start Directus with WEBSOCKETS_ENABLED=true"


def _sockets_are_off(url: str) -> str:
    return (
        f"{url} has no socket for the page: start Directus with WEBSOCKETS_REST_ENABLED=true and "
        "WEBSOCKETS_REST_PATH=/websocket, their defaults"
    )
