"""HTTP with urllib, which CPython has, and which pyodide-http makes work in the browser.

urllib is imported at its first use: the import takes a browser 60 to 150 ms, and the page's
snapshot is smaller without it.
"""

import contextlib
import socket
import string
from typing import TYPE_CHECKING, Any

from ..checks import check_token
from .base import Answer, ProxyFailed

if TYPE_CHECKING:
    from urllib.request import OpenerDirector


class Sockets:
    """The sockets of one request, so that another thread can abort it."""

    def __init__(self) -> None:
        self._open: list[socket.socket] = []
        self._aborted = False

    def abort(self) -> None:
        """Abort the request: the wait for its answer raises OSError."""
        self._aborted = True
        for each in self._open:
            with contextlib.suppress(OSError):  # it has ended already
                each.shutdown(socket.SHUT_RDWR)

    def opener(self, *, follow: bool) -> "OpenerDirector":
        """Return an opener whose connections can be aborted.

        Args:
            follow: whether it follows redirects; otherwise a redirect is an answer.
        """
        import urllib.request

        class NoRedirects(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: Any) -> None:
                return None

        opener = urllib.request.build_opener(*([] if follow else [NoRedirects]))
        for handler in opener.handlers:  # type: ignore[attr-defined]
            if isinstance(handler, urllib.request.AbstractHTTPHandler):
                self._watch(handler)
        return opener

    def _watch(self, handler: Any) -> None:
        do_open = handler.do_open

        def open_watched(http_class: Any, request: Any, **options: Any) -> Any:
            def make(host: str, **given: Any) -> Any:
                connection = http_class(host, **given)
                connect = connection.connect

                def connect_and_keep() -> None:
                    connect()
                    self._keep(connection.sock)

                connection.connect = connect_and_keep
                return connection

            return do_open(make, request, **options)

        handler.do_open = open_watched

    def _keep(self, opened: socket.socket) -> None:
        self._open.append(opened)
        if self._aborted:
            raise OSError("The request was aborted.")


def ascii_address(url: str) -> str:
    """Return an address as urllib takes it: a host or a path may have other letters than ASCII's.

    A browser and the package websockets do the same themselves.
    """
    if url.isascii():
        return url
    from urllib.parse import quote

    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.encode('idna').decode()}{slash}{quote(path, safe=string.printable)}"


def exchange(
    url: str,
    token: str | None,
    *,
    method: str,
    body: str | None,
    timeout: float,
    opener: "OpenerDirector | None" = None,
) -> Answer:
    """Send one request and return its answer, whatever its status.

    Args:
        url: the address.
        token: the access token, or None.
        method: ``GET``, ``POST``, ``PATCH`` or ``DELETE``.
        body: JSON text, or None.
        timeout: seconds; a browser's main thread has no limit.
        opener: opens the connection; None for urllib's own.

    Raises:
        UsageError: the token has a character that no header takes.
        OSError: nothing answers there.
    """
    import http.client
    import urllib.error
    import urllib.request

    check_token(token)
    request = urllib.request.Request(
        url,
        data=None if body is None else body.encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    if token:  # not sent to the target of a redirect
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    send = urllib.request.urlopen if opener is None else opener.open
    try:
        with send(request, timeout=timeout) as response:
            return Answer(response.status, response.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            location = error.headers.get("Location") if 300 <= error.code < 400 else None
            return Answer(error.code, error.read().decode("utf-8", "replace"), location)
    except urllib.error.URLError as error:
        raise _with_proxy(url, error.reason if isinstance(error.reason, OSError) else error) from (
            error
        )
    except ConnectionError:  # one of the next kind too, where the connection was closed
        raise
    except http.client.HTTPException as error:
        raise OSError(f"{url} does not answer in HTTP: {error!r}") from error
    except ValueError as error:  # as of a host's name that is too long for a name
        raise OSError(f"{url} is no address: {type(error).__name__}") from None


def _with_proxy(url: str, error: OSError) -> OSError:
    """Return the error to raise: it is the proxy's, where there is one and no TLS came about."""
    import urllib.request

    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    proxy = urllib.request.getproxies().get(scheme)
    is_tls = any(kind.__name__ == "SSLError" for kind in type(error).__mro__)
    if proxy is None or is_tls or urllib.request.proxy_bypass(host):
        return error
    return ProxyFailed(proxy.rpartition("@")[2].removeprefix(f"{scheme}://"), error)
