"""The address of a Directus, as people give it and as programs need it."""

from urllib.parse import urlsplit

from tools.steps import SetupError


def read_address(text: str, option: str = "--directus") -> str:
    """Return the address `text` of an `option` without a slash at its end; it may have a path.

    Raises SetupError when it is none.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username is not None:
        raise SetupError(
            f"{option} takes an address such as https://directus.example.com, and got {text!r}: "
            "begin with https:// or http:// and end with the host or a path"
        )
    return text.rstrip("/")
