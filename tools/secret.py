"""Tokens and passwords as the command line or the environment gives them."""

import os

from tools.options import is_utf8
from tools.steps import SetupError

PAGE_TOKEN = "DIRECTUS_PAGE_TOKEN"
"""The variable with the token of the page."""

ADMIN_TOKEN = "DIRECTUS_ADMIN_TOKEN"
"""The variable with an administrator's token."""

ADMIN_PASSWORD = "DIRECTUS_ADMIN_PASSWORD"
"""The variable with an administrator's password."""


def token_of(given: str | None, option: str, variable: str) -> str | None:
    """Return the token that is `given` in `option`, or that of the environment's `variable`.

    Raises SetupError, which names where it comes from and shows none of it.
    """
    source, token = (option, given) if given is not None else (variable, os.environ.get(variable))
    if given is None and not token:
        return None
    check_token(token or "", source)
    return token


def check_token(token: str, source: str) -> None:
    """Refuse a token that no request can carry. Raises SetupError."""
    if any(ord(each) < ord(" ") or ord(each) == 127 for each in token):
        raise SetupError(f"the token in {source} has a line end or a tab in it: give it without")
    check_letters(token, f"the token in {source}")
    if token != token.strip():
        raise SetupError(f"the token in {source} begins or ends with a space: give it without")


def check_header(token: str) -> None:
    """Refuse a token that Directus cannot have made. Raises SetupError."""
    if not token.isascii():
        raise SetupError(
            "the token has letters that no HTTP header carries: Directus' tokens have letters "
            "of ASCII alone"
        )


def check_letters(text: str, what: str) -> None:
    """Refuse a text whose bytes are no letters. Raises SetupError, which names it as `what`."""
    if not is_utf8(text):
        raise SetupError(f"{what} is not in UTF-8: give it in letters")
