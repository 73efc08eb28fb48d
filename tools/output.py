"""What a command prints and is told, where the terminal or the pipe for it is not there any more.

What nobody reads is dropped, and the command goes on; what nobody can answer has no answer.
"""

import os
import sys
from typing import Any, TextIO


class _Output:
    """A text stream without errors: what it cannot write is dropped from then on."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, if that can be."""
        try:
            return self._stream.write(text)
        except OSError:  # a pipe that nobody reads, a full disk
            self._drop()
            return len(text)

    def flush(self) -> None:
        """Flush, if that can be."""
        try:
            self._stream.flush()
        except OSError:
            self._drop()

    def __getattr__(self, name: str) -> Any:
        """Return what else the stream offers."""
        return getattr(self._stream, name)

    def _drop(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def keep_going() -> None:
    """Let nothing that is printed or asked from here on end this process by an unknown error."""
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115  # until the end
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # it was closed when this process began
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # until the end
        # What the terminal has no letters for is written in another way.
        stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, _Output(stream))
