"""A server that takes requests and never answers them in full."""

import socket
import threading
from types import TracebackType
from typing import Self

_LIMIT = 10.0  # seconds


class Silent:
    """Takes one request, as a context manager; ``url`` is its address.

    Args:
        answer: what it writes of an answer.
    """

    def __init__(self, answer: bytes = b"") -> None:
        self._answer = answer
        self._asked = threading.Event()
        self._left = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._thread.join(_LIMIT)

    def wait_asked(self) -> bool:
        """Wait until a request has come; return whether one has."""
        return self._asked.wait(_LIMIT)

    def wait_left(self, seconds: float = _LIMIT) -> bool:
        """Wait until whoever asked has closed the connection; return whether that is so."""
        return self._left.wait(seconds)

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(_LIMIT)
            connection.recv(65_536)
            connection.sendall(self._answer)
            self._asked.set()
            try:
                while connection.recv(65_536):
                    pass
            except TimeoutError:
                return
            except ConnectionError:
                pass
            self._left.set()
