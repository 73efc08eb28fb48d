"""Access tokens: JSON Web Tokens as Directus makes them, HS256 with its claims. No I/O."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from server.access import Account
from server.errors import invalid_token, token_expired

_ISSUER = "directus"
_ALGORITHM = "HS256"
ADMINISTRATOR = "6f2d1c1e-5b0e-4d59-9a3b-0d4d3a1f7c55"
"""The key of the role that administrators have; others have none."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Whose token it is, and until when, in seconds since 1970."""

    user: str
    expires: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and reads tokens that are good for ``ttl`` seconds; ``now`` tells the time."""

    secret: str
    ttl: float
    now: Callable[[], float]

    def issue(self, account: Account) -> str:
        """Return a new token."""
        import jwt  # takes a while, and most servers never see a login

        admin, issued = account.rights.admin, self.now()
        claims = {
            "id": account.id,
            "role": ADMINISTRATOR if admin else None,
            "app_access": admin,
            "admin_access": admin,
            "iat": int(issued),
            "exp": int(issued + self.ttl),
            "iss": _ISSUER,
        }
        return jwt.encode(claims, self.secret, _ALGORITHM)

    def read(self, token: str) -> Claims | None:
        """Return what a token says; None if it is no token of this kind, but perhaps a static one.

        Raises:
            DirectusError: INVALID_TOKEN or TOKEN_EXPIRED.
        """
        if token.count(".") != 2:
            return None
        import jwt

        if not _is_directus(token):
            return None
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.secret,
                [_ALGORITHM],
                issuer=_ISSUER,
                options={"verify_exp": False, "verify_iat": False, "require": ["id", "exp"]},
            )
            found = Claims(str(claims["id"]), float(claims["exp"]))
        except (jwt.InvalidTokenError, TypeError, ValueError):
            raise invalid_token() from None
        if found.expires <= self.now():
            raise token_expired()
        return found


def _is_directus(token: str) -> bool:
    import jwt

    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return False
    return bool(claims.get("iss") == _ISSUER)


def new_refresh_token() -> str:
    """Return 64 characters that nobody guesses."""
    return secrets.token_urlsafe(48)


def mark(token: str) -> str:
    """Return what is kept of a refresh token: enough to know it again, but not to use it."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
