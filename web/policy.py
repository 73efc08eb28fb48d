"""What the browser is told to refuse: the headers of the page and of its files."""

import tomllib

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
"""The headers of every file."""


def content_security_policy() -> str:
    """Return the policy of the page.

    PyScript needs ``'unsafe-eval'``. The page may connect anywhere: which Directus it uses, or what
    else, is for whoever edits its Python to say.
    """
    rules = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'", "'unsafe-eval'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", "data:", "http:", "https:", "ws:", "wss:"],
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
