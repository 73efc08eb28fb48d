"""What the browser is told to refuse: the headers of the page and of its files."""

import re
import tomllib

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""The headers of every file."""

_SOURCE = re.compile(r"(?:https?|wss?)://[A-Za-z0-9.:\[\]_-]+")


def content_security_policy(settings: str, host: str) -> str:
    """Return the policy of a page with ``settings``, the text of pyscript.toml, on ``host``.

    PyScript needs ``'unsafe-eval'``. The page connects to its own origin, or to the Directus that
    its settings name.
    """
    own = [f"ws://{host}", f"wss://{host}"] if _SOURCE.fullmatch(f"ws://{host}") else []
    connect = ["'self'", "data:", *own, *_sources(settings)]
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'", "'unsafe-eval'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": connect,
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{rule} {' '.join(values)}" for rule, values in rules.items())


def holds_token(settings: str) -> bool:
    """Tell whether the settings hold a token, or cannot be read."""
    try:
        return bool(tomllib.loads(settings).get("directus", {}).get("token"))
    except (ValueError, AttributeError):
        return True


def _sources(settings: str) -> list[str]:
    """Return the Directus that the page connects to, by HTTP and by WebSocket."""
    try:
        url = str(tomllib.loads(settings)["directus"]["url"])
    except (ValueError, KeyError, TypeError):
        return []  # the page itself will say what is wrong
    found = _SOURCE.match(url)
    if found is None:
        return []
    plain = re.sub(r"^ws", "http", found[0])
    return [plain, re.sub(r"^http", "ws", plain)]
