"""What the recording says in words instead of in bytes: such steps, and what they mean.

An exact text that was sent stands in the recording just as these do, so only what is listed here
is taken for words.
"""

import re
from collections.abc import Callable
from re import Match, Pattern

from tests.contract.wire import Connection

_MASK = b"\x00\x00\x00\x00"  # masking with it changes nothing
_TEXT = b"\x81"

Act = Callable[[Connection, Match[str]], None]


def _close(connection: Connection, said: Match[str]) -> None:
    connection.close(int(said[1]) if said[1] else None, said[2] or "")


def _binary(connection: Connection, said: Match[str]) -> None:
    # Bytes that are no UTF-8 were recorded as the sign that stands for such.
    connection.send_binary(said[1].encode().replace("\ufffd".encode(), b"\xff"))


def _opcode(connection: Connection, said: Match[str]) -> None:
    connection.send_bytes(bytes([0x80 | int(said[1]), 0x80]) + _MASK)


def _too_large(connection: Connection, _said: Match[str]) -> None:
    length = 101 * 2**20
    connection.send_bytes(_TEXT + b"\xff" + length.to_bytes(8) + _MASK)


_ACTS: tuple[tuple[Pattern[str], Act], ...] = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), act)
    for pattern, act in (
        (r"binary: (.*)", _binary),
        (r'close frame(?: (\d+))?(?: "(.*)")?', _close),
        (r"(?:WebSocket )?control ping\b.*", lambda connection, _: connection.send_ping()),
        (r"(?:WebSocket )?control pong\b.*", lambda connection, _: connection.send_pong()),
        (r"unmasked .*", lambda connection, _: connection.send_bytes(_TEXT + b"\x02{}")),
        (
            r"text frame that is not UTF-8",
            lambda connection, _: connection.send_bytes(_TEXT + b"\x82" + _MASK + b"\xff\xfe"),
        ),
        (
            r"(?:RSV|reserved) bits? set",
            lambda connection, _: connection.send_bytes(b"\xf1\x82" + _MASK + b"{}"),
        ),
        (r"opcode (\d+)", _opcode),
        (r".*frame .*\b100 MiB.*", _too_large),
    )
)


def act(connection: Connection, words: str) -> bool:
    """Do what `words` say, and return True; False if they are a text to send as it is."""
    for pattern, perform in _ACTS:
        if found := pattern.fullmatch(words):
            perform(connection, found)
            return True
    return False
