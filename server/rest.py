"""The items of a collection by REST. Thin glue."""

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from server.dispatch import Dispatcher
from server.errors import (
    DirectusError,
    forbidden,
    forbidden_collection,
    invalid_payload,
    route_not_found,
)
from server.http import Callers, Json
from server.project import Collection, Project
from server.request import Outcome, Request

_METHODS = ["GET", "POST", "PATCH", "DELETE", "SEARCH"]


class Rest:
    """The endpoints. Errors are raised as DirectusError, and told by the application."""

    def __init__(self, callers: Callers, project: Project, dispatcher: Dispatcher) -> None:
        self._callers = callers
        self._project = project
        self._dispatcher = dispatcher
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/items/{collection}", self.items, methods=_METHODS),
            Route("/items/{collection}/{key}", self.item, methods=["GET", "PATCH", "DELETE"]),
        ]

    async def items(self, request: HttpRequest) -> Response:
        """List, create, update or delete items of a collection."""
        method = request.method
        body = await self._callers.body(request) if method not in ("GET", "HEAD") else {}
        asked = self._asked(request)
        if method == "POST":
            return await self._create(asked, body)
        if method == "PATCH":
            return await self._update(asked, body)
        if method == "DELETE":
            return await self._delete(asked, body)
        if method == "SEARCH":
            asked = self._searched(asked, body)
        outcome = await self._outcome(asked)
        meta = {} if outcome.meta is None else {"meta": outcome.meta}
        return Json({**meta, "data": outcome.data})

    async def item(self, request: HttpRequest) -> Response:
        """Read, update or delete the item with a key."""
        body = await self._callers.body(request) if request.method == "PATCH" else None
        asked, key = self._asked(request), request.path_params["key"]
        if request.method == "PATCH":
            self._refuse_singleton(asked.collection, f"/{key}")
            return await self._written(replace(asked, action="update", id=key, data=body))
        if request.method == "DELETE":
            await self._outcome(replace(asked, action="delete", id=key))
            return Response(status_code=204)
        outcome = await self._outcome(replace(asked, id=key))
        return Json({"data": outcome.data})

    async def _create(self, asked: Request, body: Any) -> Response:
        self._refuse_singleton(asked.collection, "")
        return await self._written(replace(asked, action="create", data=body))

    async def _update(self, asked: Request, body: Any) -> Response:
        if asked.collection.singleton or isinstance(body, list):
            return await self._written(replace(asked, action="update", data=body))
        _check_batch(body, ("query", "keys"), needs_data=True)
        chosen = self._chosen(asked, body)
        return await self._written(replace(chosen, action="update", data=body["data"]))

    async def _delete(self, asked: Request, body: Any) -> Response:
        if isinstance(body, list):
            body = {"keys": body}
        _check_batch(body, ("query", "keys"))
        await self._outcome(replace(self._chosen(asked, body), action="delete"))
        return Response(status_code=204)

    def _searched(self, asked: Request, body: Any) -> Request:
        _check_batch(body)
        if "query" in body:
            asked = replace(asked, query=self._callers.read(body["query"], asked.rights))
        return replace(asked, ids=tuple(body["keys"])) if "keys" in body else asked

    def _chosen(self, asked: Request, body: dict[str, Any]) -> Request:
        if "keys" in body:
            return replace(asked, ids=tuple(body["keys"]))
        return replace(asked, selector=self._callers.read(body["query"], asked.rights))

    def _asked(self, request: HttpRequest) -> Request:
        """Return a read of the collection in the path, with the query of the query string."""
        rights = self._callers.rights(request)
        query = self._callers.query(request, rights)
        name = request.path_params["collection"]
        if name.startswith("directus_"):
            raise forbidden()
        collection = self._project.by_name.get(name)
        if collection is None:
            raise forbidden_collection(name)
        return Request("read", collection, rights, query=query)

    async def _written(self, asked: Request) -> Response:
        outcome = await self._outcome(asked)
        if outcome.error is None:
            return Json({"data": outcome.data})
        if outcome.error.code == "FORBIDDEN":
            return Response(status_code=204)
        raise outcome.error

    async def _outcome(self, request: Request) -> Outcome:
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def answer(result: Outcome | DirectusError) -> None:
            if answered.done():
                return  # whoever asked is gone
            if isinstance(result, Outcome):
                answered.set_result(result)
            else:
                answered.set_exception(result)

        # What is committed has to be told, even if whoever asked goes away.
        task = asyncio.create_task(self._dispatcher.perform(request, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await answered

    def _refuse_singleton(self, collection: Collection, rest: str) -> None:
        if collection.singleton:
            raise route_not_found(f"/{collection.name}{rest}")


def _check_batch(body: Any, choices: tuple[str, ...] = (), *, needs_data: bool = False) -> None:
    """Raise what is wrong with the body of a request for many items, in joi's words."""
    if not isinstance(body, dict):
        raise invalid_payload('"value" must be of type object')
    keys = body.get("keys", [])
    if not isinstance(keys, list):
        raise invalid_payload('"keys" must be an array')
    for at, key in enumerate(keys):
        if isinstance(key, bool) or not isinstance(key, str | int | float):
            raise invalid_payload(f'"keys[{at}]" must be one of [string, number]')
    if not isinstance(body.get("query", {}), dict):
        raise invalid_payload('"query" must be of type object')
    if needs_data and "data" not in body:
        raise invalid_payload('"data" is required')
    if not isinstance(body.get("data", {}), dict):
        raise invalid_payload('"data" must be of type object')
    known = {"keys", "query", "data"} if needs_data else {"keys", "query"}
    for name in body:
        if name not in known:
            raise invalid_payload(f'"{name}" is not allowed')
    given = sum(name in body for name in choices)
    if choices and given == 0:
        raise invalid_payload('"value" must contain at least one of [query, keys]')
    if given > 1:
        raise invalid_payload('"value" contains a conflict between exclusive peers [query, keys]')
