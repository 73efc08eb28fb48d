"""Addresses, names of hosts and origins, as people give them and as programs need them."""

import ipaddress
import re
from urllib.parse import urlsplit

from tools.options import is_utf8
from tools.steps import SetupError

_NAME = re.compile(r"[a-z0-9._-]+")
_NOT_IN_ADDRESSES = re.compile(r"[\x00-\x20\x7f\\?#]")
_PORTS = {"http": 80, "https": 443}


def read_address(text: str, option: str = "--directus") -> str:
    """Return the address `text` of an `option` without a slash at its end; it may have a path.

    Raises SetupError when it is none.
    """
    try:
        parts = urlsplit(text)
        _as_browsers_write(parts.hostname or "")
        usable = parts.scheme in _PORTS and parts.port != 0 and parts.username is None
    except ValueError:
        usable = False
    if not usable or not is_utf8(text) or _NOT_IN_ADDRESSES.search(text):
        raise SetupError(
            f"{option} takes an address such as https://directus.example.com, and got {text!r}: "
            "begin with https:// or http:// and end with the host or a path"
        )
    return text.rstrip("/")


def read_host(text: str) -> str:
    """Return the name `text` of --allow-host as browsers send it. Raises SetupError."""
    try:
        bare = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
        return _as_browsers_write(bare)
    except ValueError:
        raise SetupError(
            f"--allow-host {text!r} is no name: give it without scheme, port and path, as "
            "chat.example.com"
        ) from None


def read_origin(text: str) -> str:
    """Return the origin `text` of --cors-origin as browsers send it. Raises SetupError."""
    try:
        parts = urlsplit(text)
        name, port = _as_browsers_write(parts.hostname or ""), parts.port
        usable = re.fullmatch(r"[Hh][Tt][Tt][Pp][Ss]?://[^/\s?#@\\]+", text) and port != 0
    except ValueError:
        usable = None
    if not usable:
        raise SetupError(
            f"--cors-origin {text!r} is no origin: give scheme, host and port without a "
            "path, as http://localhost:5173"
        )
    host = f"[{name}]" if ":" in name else name
    # Where the port is the scheme's own, browsers leave it out.
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _as_browsers_write(host: str) -> str:
    """Return a host's name in small letters of ASCII. Raises ValueError if it is none."""
    if ":" in host:
        return ipaddress.IPv6Address(host).compressed
    name = host.encode("idna").decode().lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{host!r} is no name")
    return name
