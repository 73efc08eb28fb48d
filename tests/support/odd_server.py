"""Servers that are no Directus: what a client may meet at an address that is wrong."""

import contextlib
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Self

_LIMIT = 10.0  # seconds


def answer(status: str, body: str = "", **headers: str) -> bytes:
    """Return the bytes of an HTTP answer; a header's name has _ for each -."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def untrusted_certificate(folder: Path) -> ssl.SSLContext:
    """Return a TLS server's context with a certificate that nobody trusts."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class OddServer:
    """Gives each request the same answer, as a context manager.

    Attributes:
        url: its address, without TLS.
        requests: what has come, each with its headers and body as far as they came at once.

    Args:
        answer: the answer; None says nothing and keeps the connection.
        tls: the context for TLS, or None.
        host: the address to listen on.
    """

    def __init__(
        self, answer: bytes | None, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family)
        self.port = int(self._listener.getsockname()[1])
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.requests: list[str] = []
        self._answer = answer
        self._tls = tls
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_LIMIT)
        for connection in self._open:
            connection.close()

    def answer_to(self, request: str) -> bytes | None:
        """Return the answer to a request; None for none."""
        return self._answer

    def deliver(self, connection: socket.socket, given: bytes) -> None:
        """Send an answer."""
        connection.sendall(given)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(_LIMIT)
            self._open.append(connection)
            with contextlib.suppress(OSError):
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        if self._answer is None:
            return
        with connection:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = connection.recv(65_536).decode("latin-1")
                self.requests.append(request)
                self.deliver(connection, self.answer_to(request) or b"")
