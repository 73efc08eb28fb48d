"""Why Directus does not answer: found out over HTTP, and reported with its cure.

A browser learns nothing from a refused WebSocket but the code 1006. So HTTP requests find out
whether anything answers, whether it is Directus, whether it accepts this page's origin, whether
Realtime is enabled, and whether it accepts the token.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from .core import codec, messages
from .errors import AuthenticationFailed, ConnectionFailed, UsageError
from .transports.base import Answer, http_address

_GATEWAY = (401, 407, *range(500, 600))
"""Statuses with which a proxy answers, if they come without an error of Directus'."""

Fetch = Callable[[str, str | None], Awaitable[Answer]]
"""Gets an address, with a token or without; raises OSError if nothing answers."""


_UNREACHABLE = {
    "ProxyFailed": (
        "{url} is asked through the proxy {proxy}, which does not lead there: see that it runs, or "
        "take {url} out of what goes through it (NO_PROXY)."
    ),
    "gaierror": (
        "The name in {url} is known to no name server: see that the address is right, and that "
        "this computer has a network."
    ),
    "SSLCertVerificationError": (
        "The certificate of {url} is not trusted: {detail}. Give the server one that is, or let "
        "Python trust its issuer, as with SSL_CERT_FILE."
    ),
    "SSLError": (
        "{url} begins a connection with TLS, and what answers there does not speak it: see that "
        "the port is right, and write http:// or ws:// where the server has no certificate."
    ),
    "TimeoutError": (
        "Nothing answers at {url} in time: see that Directus is running there, that the address is "
        "right, and that no firewall holds back what is sent there."
    ),
    "ConnectionResetError": (
        "Nothing answers at {url}, and what listens there closes the connection: see that Directus "
        "is running, that the port is right, and write https:// or wss:// where the server has a "
        "certificate."
    ),
    "Unexplained": (
        "Nothing answers at {url}: see that Directus is running there and that the address is "
        "right{certificate}."
    ),
    "OSError": (
        "Nothing answers at {url}: see that Directus is running there and that the address is "
        "right."
    ),
}
"""What to say where there is no answer, by the name of the error's type or of a base of it: a page
has no module ssl to import the types from."""


def unreachable_error(url: str, error: OSError) -> ConnectionFailed:
    """Return the error for a project that cannot be reached; ``error`` is the transport's."""
    names = [kind.__name__ for kind in type(error).__mro__]
    name = next(name for name in names if name in _UNREACHABLE)
    secure = url.startswith("https:")
    sentence = _UNREACHABLE[name].format(
        url=url,
        proxy=getattr(error, "proxy", ""),
        detail=getattr(error, "verify_message", ""),
        certificate=", and open it in a tab to see whether its certificate is trusted" * secure,
    )
    return ConnectionFailed(sentence)


def redirect_error(url: str, path: str, location: str) -> ConnectionFailed:
    """Return the error for an address that redirects: the token is not sent elsewhere.

    Args:
        url: the project's address.
        path: what was asked for there.
        location: where the redirect leads; empty if the browser hides it.
    """
    other = location.partition("?")[0].partition("#")[0]
    if not other.startswith(("http://", "https://")) or "@" in other:
        return ConnectionFailed(
            f"{url} redirects to another address: open it in a browser's tab, and use the address "
            "that it leads to."
        )
    return ConnectionFailed(
        f"{url} redirects to another address: use {other.removesuffix(path).rstrip('/')}."
    )


def cannot_answer_error(url: str, said: str) -> ConnectionFailed:
    """Return the error for a Directus that answers with an error of its own; ``said`` is it."""
    return ConnectionFailed(f"Directus at {url} cannot answer now: {said}.")


def origin_refused_error(url: str) -> ConnectionFailed:
    """Return the error for a project that hides its answers from pages of this origin."""
    return ConnectionFailed(
        f"Directus at {url} does not let this page in: set CORS_ENABLED=true and CORS_ORIGIN to "
        "this page's origin in Directus, and start it again. Where that is so already, open the "
        "address in a tab: it may redirect to another one."
    )


def gateway_error(url: str, status: int) -> ConnectionFailed:
    """Return the error for a proxy in front of Directus that answers in its place."""
    if status in (401, 407):
        return ConnectionFailed(
            f"A proxy in front of {url} asks for a sign-in of its own (status {status}): let it "
            "pass on /server, /items, /auth and /websocket, or use an address behind it."
        )
    return ConnectionFailed(
        f"A proxy answers at {url} in place of Directus (status {status}): see that Directus is "
        "running, and that the proxy leads to it."
    )


def not_directus_error(url: str, came: str) -> ConnectionFailed:
    """Return the error for an address where something else answers; ``came`` describes it."""
    return ConnectionFailed(f"What answers at {url} is not Directus: {came}. Correct the address.")


def no_route_error(url: str, path: str) -> ConnectionFailed:
    """Return the error for a Directus that answers at another address than this one."""
    return ConnectionFailed(
        f"What answers at {url} speaks as Directus does and has no {path}: correct the address, "
        "whose path may be too long."
    )


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
    path = "/server/info"
    try:
        info = await fetch(url + path, token)
    except UsageError as error:  # of a token that no header takes
        return ConnectionFailed(str(error))
    except OSError as error:
        return unreachable_error(url, error)
    if info.location is not None:
        return redirect_error(url, path, info.location)
    if info.status == 401 and messages.http_error(info.text):
        return AuthenticationFailed(
            f"Directus at {url} refused the token: make a new static token for the user in "
            "Directus, and use that, or log in again."
        )
    if info.status >= 400:
        return _of_status(url, info)
    return ConnectionFailed(_of_info(url, auth_mode, token, _data(info.text)))


async def diagnose_http(url: str, fetch: Fetch) -> ConnectionFailed | None:
    """Return the error that says why Directus cannot be asked over HTTP; None if it can.

    Args:
        url: the project's address over HTTP.
        fetch: gets an address.
    """
    path = "/server/ping"
    try:
        ping = await fetch(url + path, None)
    except OSError as error:
        return unreachable_error(url, error)
    if ping.location is not None:
        return redirect_error(url, path, ping.location)
    if ping.status == 0:
        return origin_refused_error(url)
    if ping.text.strip() == "pong":
        return None
    told = messages.http_error(ping.text)
    if told and ping.status == 404:
        return no_route_error(url, path)
    if told:
        return ConnectionFailed(told[1])
    if ping.status in _GATEWAY:
        return gateway_error(url, ping.status)
    came = f'its /server/ping gave status {ping.status} where Directus says "pong"'
    return not_directus_error(url, came)


def _of_status(url: str, answer: Answer) -> ConnectionFailed:
    """Return the error for an answer that is none of what Directus was asked for."""
    told = messages.http_error(answer.text)
    if told is None:
        return gateway_error(url, answer.status)
    return cannot_answer_error(url, f"{told[1].rstrip('.')} ({told[0]})")


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
        "that WEBSOCKETS_REST_CONN_LIMIT is not reached, that WEBSOCKETS_REST_PATH is /websocket, "
        "and that a proxy in between passes on upgrades to WebSockets."
    )


def _data(text: str) -> dict[str, Any]:
    try:
        data = codec.decode(text)["data"]
    except (ValueError, KeyError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}
