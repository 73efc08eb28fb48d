"""REST besides items: logging in and out, who one is, and what the server is. Thin glue."""

import re
import time
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.access import Access, Account
from server.authentication import Admission, Authentication
from server.config import Config
from server.errors import forbidden, invalid_credentials, invalid_payload
from server.http import Callers, Json
from server.info import VERSION, describe
from server.store import Store
from server.tokens import ADMINISTRATOR

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NO_REFRESH_TOKEN = "The refresh token is required in either the payload or cookie"
_SLOW = 150  # milliseconds that a database may take and be well


class Endpoints:
    """The endpoints. Errors are raised as DirectusError, and told by the application."""

    def __init__(
        self,
        config: Config,
        callers: Callers,
        authentication: Authentication,
        access: Access,
        store: Store,
    ) -> None:
        self._config = config
        self._callers = callers
        self._authentication = authentication
        self._access = access
        self._store = store

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/server/ping", self.ping, methods=["GET"]),
            Route("/server/health", self.health, methods=["GET"]),
            Route("/server/info", self.info, methods=["GET"]),
            Route("/users/me", self.me, methods=["GET"]),
            Route("/auth/login", self.login, methods=["POST"]),
            Route("/auth/refresh", self.refresh, methods=["POST"]),
            Route("/auth/logout", self.logout, methods=["POST"]),
        ]

    async def ping(self, _request: Request) -> Response:
        """Answer pong, to anybody."""
        return PlainTextResponse("pong", media_type="text/html")

    async def health(self, request: Request) -> Response:
        """Tell a user whether the server is well, and an administrator how it was found out."""
        rights = self._callers.rights(request)
        if rights.user is None:
            raise forbidden()
        started = time.perf_counter()
        await self._store.read(lambda connection: connection.scalar(sa.select(1)))
        taken = round((time.perf_counter() - started) * 1000, 3)
        check = {
            "status": "ok" if taken <= _SLOW else "warn",
            "componentType": "datastore",
            "observedUnit": "ms",
            "observedValue": taken,
            "threshold": _SLOW,
        }
        health: dict[str, Any] = {"status": check["status"]}
        if rights.admin:
            health["releaseId"] = VERSION
            health["serviceId"] = self._config.public_url or "/"
            health["checks"] = {"sqlite3:responseTime": [check]}
        return Json(health, media_type="application/health+json; charset=utf-8")

    async def info(self, request: Request) -> Response:
        """Tell what the server is; to users, also how it is set up."""
        rights = self._callers.rights(request)
        return Json({"data": describe(self._config, to_user=rights.user is not None)})

    async def me(self, request: Request) -> Response:
        """Tell users who they are: to most just their key, to administrators what they ask for."""
        rights = self._callers.rights(request)
        account = self._access.account(rights.user) if rights.user else None
        if account is None:
            raise invalid_credentials()
        if not rights.admin:
            return Json({"data": {"id": account.id}})
        profile, fields = _profile(account), self._callers.query(request, rights).fields
        wanted = profile if fields is None or "*" in fields else fields
        # Where something cannot be told, the key alone is.
        known = wanted if all(name in profile for name in wanted) else ("id",)
        return Json({"data": {name: profile[name] for name in known}})

    async def login(self, request: Request) -> Response:
        """Give tokens for an e-mail address and a password."""
        body = await self._callers.body(request)
        _check_login(body)
        return self._given(await self._authentication.login(body["email"], body["password"]))

    async def refresh(self, request: Request) -> Response:
        """Give new tokens for a refresh token."""
        token = _refresh_token(await self._callers.body(request))
        return self._given(await self._authentication.refresh(token))

    async def logout(self, request: Request) -> Response:
        """Make a refresh token useless."""
        await self._authentication.logout(_refresh_token(await self._callers.body(request)))
        return Response(status_code=204)

    def _given(self, admission: Admission) -> Response:
        data = {
            "expires": int(self._config.access_token_ttl * 1000),
            "refresh_token": admission.refresh_token,
            "access_token": admission.access_token,
        }
        return Json({"data": data})


def _profile(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "email": account.email,
        "role": ADMINISTRATOR,
        "status": "active",
        "provider": "default",
    }


def _check_login(body: Any) -> None:
    """Raise what is wrong with the body of a login, in joi's words."""
    if not isinstance(body, dict):
        raise invalid_payload('"value" must be of type object')
    for name in ("email", "password"):
        value = body.get(name)
        if name not in body:
            raise invalid_payload(f'"{name}" is required')
        if not isinstance(value, str):
            raise invalid_payload(f'"{name}" must be a string')
        if not value:
            raise invalid_payload(f'"{name}" is not allowed to be empty')
        if name == "email" and not _EMAIL.fullmatch(value):
            raise invalid_payload('"email" must be a valid email')
    _check_mode(body)
    if not isinstance(body.get("otp", ""), str):
        raise invalid_payload('"otp" must be a string')


def _check_mode(body: dict[str, Any]) -> None:
    if body.get("mode", "json") == "json":
        return
    if body["mode"] in ("cookie", "session"):
        raise invalid_payload(f'"mode" {body["mode"]} is not supported by this server: use json')
    raise invalid_payload('"mode" must be one of [cookie, json, session]')


def _refresh_token(body: Any) -> Any:
    token = body.get("refresh_token") if isinstance(body, dict) else None
    if not token or body.get("mode", "json") != "json":
        raise invalid_payload(_NO_REFRESH_TOKEN)
    return token
