"""The REST endpoints of the server itself, and of authentication."""

import re
import time
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.auth.authentication import Authentication, Identity
from server.config import Config
from server.database.store import Store
from server.errors import forbidden, invalid_payload
from server.rest.context import Json, RequestContext, routes
from server.rest.info import VERSION, describe

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NO_REFRESH_TOKEN = "The refresh token is required in either the payload or cookie"
_SLOW = 150  # milliseconds: the response time of the database from which health is "warn"


class Endpoints:
    """The endpoints. They raise DirectusError, which the application turns into a response."""

    def __init__(
        self,
        config: Config,
        context: RequestContext,
        authentication: Authentication,
        store: Store,
    ) -> None:
        self._config = config
        self._context = context
        self._authentication = authentication
        self._store = store

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *routes("/server/ping", self.ping, ["GET"]),
            *routes("/server/health", self.health, ["GET"]),
            *routes("/server/info", self.info, ["GET"]),
            *routes("/auth/login", self.login, ["POST"]),
            *routes("/auth/refresh", self.refresh, ["POST"]),
            *routes("/auth/logout", self.logout, ["POST"]),
        ]

    async def ping(self, _request: Request) -> Response:
        """Answer pong."""
        return PlainTextResponse("pong", media_type="text/html")

    async def health(self, request: Request) -> Response:
        """Return the health of the server; administrators also get the checks."""
        accountability = self._context.accountability(request)
        if accountability.user is None:
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
        if accountability.admin:
            health["releaseId"] = VERSION
            health["serviceId"] = self._config.public_url or "/"
            health["checks"] = {"sqlite3:responseTime": [check]}
        return Json(health, media_type="application/health+json; charset=utf-8")

    async def info(self, request: Request) -> Response:
        """Return what the server is; users also get its settings."""
        accountability = self._context.accountability(request)
        return Json({"data": describe(self._config, to_user=accountability.user is not None)})

    async def login(self, request: Request) -> Response:
        """Return tokens for an e-mail address and a password."""
        body = await self._body(request)
        _check_login(body)
        return self._tokens(await self._authentication.login(body["email"], body["password"]))

    async def refresh(self, request: Request) -> Response:
        """Return new tokens for a refresh token."""
        token = _refresh_token(await self._body(request))
        return self._tokens(await self._authentication.refresh(token))

    async def logout(self, request: Request) -> Response:
        """End the session of a refresh token."""
        await self._authentication.logout(_refresh_token(await self._body(request)))
        return Response(status_code=204)

    async def _body(self, request: Request) -> Any:
        """Return the body of a request that needs no token; a wrong one is refused all the same."""
        body = await self._context.body(request)
        self._context.accountability(request)
        return body

    def _tokens(self, identity: Identity) -> Response:
        data = {
            "expires": int(self._config.access_token_ttl * 1000),
            "refresh_token": identity.refresh_token,
            "access_token": identity.access_token,
        }
        return Json({"data": data})


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
    otp = body.get("otp", "none")
    if not isinstance(otp, str):
        raise invalid_payload('"otp" must be a string')
    if not otp:
        raise invalid_payload('"otp" is not allowed to be empty')


def _check_mode(body: dict[str, Any]) -> None:
    if body.get("mode", "json") == "json":
        return
    if body["mode"] in ("cookie", "session"):
        raise invalid_payload(f'"mode" {body["mode"]} is not supported by this server: use json')
    raise invalid_payload('"mode" must be one of [cookie, json, session]')


def _refresh_token(body: Any) -> Any:
    token = body.get("refresh_token") if isinstance(body, dict) else None
    if not token or (body.get("mode") or "json") != "json":
        raise invalid_payload(_NO_REFRESH_TOKEN)
    return token
