"""Our REST: the server's endpoints and the items of a collection. Thin glue."""

import asyncio
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.directus.messages import decode, encode
from server.access import Access, Rights
from server.config import Config
from server.dispatch import Dispatcher
from server.errors import (
    DirectusError,
    forbidden,
    forbidden_collection,
    invalid_credentials,
    invalid_payload,
)
from server.filters import Context
from server.items import Outcome, Request
from server.project import Action, Project
from server.query import Limits, Query, read_query

log = logging.getLogger("server")

_VERSION = "12.4.0"
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_DEEPEST = 20


class Json(JSONResponse):
    """A body in Directus' JSON, with its content type."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """Return ``content`` as compact JSON."""
        return encode(content).encode()


class Rest:
    """The endpoints. Errors are raised as DirectusError, and told by the application."""

    def __init__(
        self,
        config: Config,
        project: Project,
        access: Access,
        dispatcher: Dispatcher,
        limits: Limits,
    ) -> None:
        self._config = config
        self._project = project
        self._access = access
        self._dispatcher = dispatcher
        self._limits = limits
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/server/ping", self.ping, methods=["GET"]),
            Route("/server/health", self.health, methods=["GET"]),
            Route("/server/info", self.info, methods=["GET"]),
            Route("/items/{collection}", self.items, methods=["GET", "POST"]),
            Route("/items/{collection}/{key}", self.item, methods=["GET"]),
        ]

    async def ping(self, _request: HttpRequest) -> Response:
        """Answer pong, to anybody."""
        return PlainTextResponse("pong", media_type="text/html")

    async def health(self, request: HttpRequest) -> Response:
        """Tell a user that the server is well."""
        if self._rights(request).user is None:
            raise forbidden()
        return Json({"status": "ok"}, media_type="application/health+json; charset=utf-8")

    async def info(self, request: HttpRequest) -> Response:
        """Tell what the server is; to users, also how its socket is set up."""
        data: dict[str, Any] = {"project": {"project_name": "Directus"}}
        if self._rights(request).user is not None:
            config = self._config
            socket = {"authentication": config.auth, "path": "/websocket"}
            most = -1 if config.query_limit_max is None else config.query_limit_max
            data["rateLimit"] = False
            data["queryLimit"] = {"default": config.query_limit_default, "max": most}
            period = config.heartbeat_period or 0.0
            period = int(period) if period.is_integer() else period
            data["websocket"] = {"rest": socket, "heartbeat": period or False}
            data["version"] = _VERSION
        return Json({"data": data})

    async def items(self, request: HttpRequest) -> Response:
        """List items, or create one or several."""
        if request.method == "POST":
            return await self._perform(request, "create", data=await self._body(request))
        return await self._perform(request, "read")

    async def item(self, request: HttpRequest) -> Response:
        """Read the item with a key."""
        return await self._perform(request, "read", id=request.path_params["key"])

    async def _perform(self, request: HttpRequest, action: Action, **parts: Any) -> Response:
        rights, name = self._rights(request), request.path_params["collection"]
        if name.startswith("directus_"):
            raise forbidden()
        collection = self._project.by_name.get(name)
        if collection is None:
            raise forbidden_collection(name)
        query = self._query(request, rights)
        outcome = await self._outcome(Request(action, collection, rights, query=query, **parts))
        if outcome.error is not None:
            if outcome.error.code == "FORBIDDEN" and rights.permission(name, "read") is None:
                return Response(status_code=204)
            raise outcome.error
        meta = {} if outcome.meta is None else {"meta": outcome.meta}
        return Json({**meta, "data": outcome.data})

    async def _outcome(self, request: Request) -> Outcome:
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(result: Outcome | DirectusError) -> None:
            if answered.done():
                return  # whoever asked is gone
            if isinstance(result, Outcome):
                answered.set_result(result)
            else:
                answered.set_exception(result)

        task = asyncio.create_task(self._dispatcher.perform(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await answered

    def _query(self, request: HttpRequest, rights: Rights) -> Query:
        raw = nested(request.query_params.multi_items())
        return read_query(raw, Context(rights.user, datetime.now(UTC)), self._limits)

    def _rights(self, request: HttpRequest) -> Rights:
        scheme, _, header = request.headers.get("authorization", "").partition(" ")
        bearer = header if scheme.lower() == "bearer" else ""
        parameter = request.query_params.get("access_token", "")
        if bearer and parameter:
            raise invalid_payload("The request uses more than one method for including a token")
        token = bearer or parameter
        rights = self._access.rights(token) if token else self._access.public
        if rights is None:
            raise invalid_credentials()
        return rights

    async def _body(self, request: HttpRequest) -> Any:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._config.max_payload_size:
                raise invalid_payload("request entity too large")
        try:
            return decode(body.decode()) if body else {}
        except (ValueError, RecursionError) as error:
            raise invalid_payload(str(error)) from None


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the tree that a query string's names spell: ``filter[user][_eq]``, ``fields[]``."""
    tree: dict[str, Any] = {}
    for name, value in pairs:
        root = name.partition("[")[0]
        path = [root, *_BRACKETS.findall(name[len(root) :])]
        _put(tree, path[:_DEEPEST], value)
    return {name: _listed(branch) for name, branch in tree.items()}


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    *way, last = path
    for step in way:
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            return  # the name contradicts an earlier one, which stands
        tree = below
    present = tree.get(last)
    if isinstance(present, str):
        tree[last] = {"0": present, "1": value}
    elif isinstance(present, dict):
        present[str(len(present))] = value
    else:
        tree[last or str(len(tree))] = value


def _listed(branch: Any) -> Any:
    if not isinstance(branch, dict):
        return branch
    values = {name: _listed(below) for name, below in branch.items()}
    if values and all(name.isdecimal() for name in values):
        return list(values.values())
    return values
