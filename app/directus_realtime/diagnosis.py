"""Why Directus does not answer: found out over HTTP, and reported with its cure.

A browser learns nothing from a refused WebSocket but the code 1006. So HTTP requests find out
whether anything answers, whether it is Directus, whether it accepts this page's origin, whether
Realtime is enabled, and whether it accepts the token.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from .core import codec, messages
from .errors import AuthenticationFailed, ConnectionFailed
from .transports.base import Answer, http_address

Fetch = Callable[[str, str | None], Awaitable[Answer]]
"""Gets an address, with a token or without; raises OSError if nothing answers."""


def unreachable_error(url: str) -> ConnectionFailed:
    """Return the error for a project at whose address nothing answers."""
    return ConnectionFailed(
        f"Nothing answers at {url}: see that Directus is running there and that the address is "
        "right."
    )


def origin_refused_error(url: str) -> ConnectionFailed:
    """Return the error for a project that hides its answers from pages of this origin."""
    return ConnectionFailed(
        f"Directus at {url} does not let this page in: set CORS_ENABLED=true and CORS_ORIGIN to "
        "this page's origin in Directus, and start it again."
    )


def not_directus_error(url: str, came: str) -> ConnectionFailed:
    """Return the error for an address where something else answers; ``came`` describes it."""
    return ConnectionFailed(f"What answers at {url} is not Directus: {came}. Correct the address.")


async def diagnose(
    url: str, *, auth_mode: str, token: str | None, fetch: Fetch
) -> ConnectionFailed:
    """Return the error that says why there is no connection and what to change.

    Args:
        url: the project's address.
        auth_mode: the mode in which the connection was tried.
        token: the token that it was tried with, or None.
        fetch: gets an address.
    """
    url = http_address(url)
    error = await diagnose_http(url, fetch)
    if error is not None:
        return error
    try:
        info = await fetch(f"{url}/server/info", token)
    except OSError:
        return unreachable_error(url)
    if info.status == 401:
        return AuthenticationFailed(
            f"Directus at {url} refused the token: make a new static token for the user in "
            "Directus, and use that."
        )
    return ConnectionFailed(_of_info(url, auth_mode, token, _data(info.text)))


async def diagnose_http(url: str, fetch: Fetch) -> ConnectionFailed | None:
    """Return the error that says why Directus cannot be reached over HTTP; None if it can be.

    Args:
        url: the project's address over HTTP.
        fetch: gets an address.
    """
    try:
        ping = await fetch(f"{url}/server/ping", None)
    except OSError:
        return unreachable_error(url)
    if ping.status == 0:
        return origin_refused_error(url)
    if ping.text.strip() == "pong":
        return None
    told = messages.http_error(ping.text)
    if told:
        return ConnectionFailed(told[1])
    came = f'its /server/ping gave status {ping.status} where Directus says "pong"'
    return not_directus_error(url, came)


def _of_info(url: str, auth_mode: str, token: str | None, data: dict[str, Any]) -> str:
    websocket = data.get("websocket")
    rest = websocket.get("rest") if isinstance(websocket, dict) else None
    if token and not rest:
        return (
            f"Realtime is not enabled in Directus at {url}: set WEBSOCKETS_ENABLED=true there, "
            "and start it again."
        )
    expected = rest.get("authentication") if isinstance(rest, dict) else None
    if expected not in (None, auth_mode):
        return (
            f'Directus at {url} expects the auth mode "{expected}", and "{auth_mode}" was tried: '
            "set auth_mode to that, or WEBSOCKETS_REST_AUTH in Directus."
        )
    return (
        f"Directus at {url} is there and refuses the connection: see that WEBSOCKETS_ENABLED is "
        "true, that CORS_ORIGIN is true or names this page's origin (an asterisk is not enough), "
        "and that WEBSOCKETS_REST_CONN_LIMIT is not reached."
    )


def _data(text: str) -> dict[str, Any]:
    try:
        data = codec.decode(text)["data"]
    except (ValueError, KeyError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}
