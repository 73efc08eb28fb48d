"""Access tokens: JSON Web Tokens with HS256 and Directus' claims. No I/O."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from server.auth.access import Account
from server.errors import invalid_token, token_expired
from server.project import ADMINISTRATOR

_ISSUER = "directus"
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class Claims:
    """The user of a token, and its expiry in seconds since 1970."""

    user: str
    expires: float


@dataclass(frozen=True, slots=True)
class Tokens:
    """Issues and reads tokens that expire after ``ttl`` seconds; ``now`` returns the time."""

    secret: str
    ttl: float
    now: Callable[[], float]

    def issue(self, account: Account) -> tuple[str, float]:
        """Return a new token, and its expiry in seconds since 1970."""
        import jwt  # late: the import is slow, and most servers have no login

        admin, issued = account.accountability.admin, self.now()
        expires = int(issued + self.ttl)
        claims = {
            "id": account.id,
            "role": ADMINISTRATOR if admin else None,
            "app_access": admin,
            "admin_access": admin,
            "iat": int(issued),
            "exp": expires,
            "iss": _ISSUER,
        }
        return jwt.encode(claims, self.secret, _ALGORITHM), float(expires)

    def read(self, token: str) -> Claims | None:
        """Return the claims of a token; None if it is not an access token but maybe a static one.

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
    """Return a random token of 64 characters."""
    return secrets.token_urlsafe(48)


def token_digest(token: str) -> str:
    """Return the hash of a refresh token, which is stored in its place."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
