"""The REST endpoints of items."""

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.errors import (
    DirectusError,
    forbidden,
    forbidden_collection,
    invalid_payload,
    route_not_found,
)
from server.items.request import ItemsRequest, Outcome
from server.project import USERS, Collection, Project
from server.realtime.dispatch import Dispatcher
from server.rest.context import RequestContext, answer, routes

_METHODS = ["GET", "POST", "PATCH", "DELETE", "SEARCH"]


class ItemsEndpoints:
    """The endpoints. They raise DirectusError, which the application turns into a response."""

    def __init__(self, context: RequestContext, project: Project, dispatcher: Dispatcher) -> None:
        self._context = context
        self._project = project
        self._dispatcher = dispatcher
        self._tasks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *routes("/items/{collection}", self.items, _METHODS),
            *routes("/items/{collection}/{key}", self.item, ["GET", "PATCH", "DELETE"]),
        ]

    async def items(self, request: Request) -> Response:
        """List, create, update or delete items of a collection."""
        method = request.method
        body = await self._context.body(request) if method not in ("GET", "HEAD") else {}
        asked = self._asked(request)
        if method == "POST":
            return await self._create(asked, body)
        if method == "PATCH":
            return await self._update(asked, body)
        if method == "DELETE":
            return await self._delete(asked, body)
        outcome = await self.outcome(self.searched(asked, body) if method == "SEARCH" else asked)
        meta = {} if outcome.meta is None else {"meta": outcome.meta}
        return answer(**meta, data=outcome.data)

    async def item(self, request: Request) -> Response:
        """Read, update or delete the item with a key."""
        body = await self._context.body(request) if request.method == "PATCH" else None
        asked, key = self._asked(request), request.path_params["key"]
        if request.method == "PATCH":
            self._refuse_singleton(asked.collection, f"/{key}")
            return await self._written(replace(asked, action="update", id=key, data=body))
        if request.method == "DELETE":
            await self.outcome(replace(asked, action="delete", id=key))
            return Response(status_code=204)
        outcome = await self.outcome(replace(asked, id=key))
        return answer(data=outcome.data)

    async def _create(self, asked: ItemsRequest, body: Any) -> Response:
        self._refuse_singleton(asked.collection, "")
        return await self._written(replace(asked, action="create", data=body))

    async def _update(self, asked: ItemsRequest, body: Any) -> Response:
        if asked.collection.singleton or isinstance(body, list):
            return await self._written(replace(asked, action="update", data=body))
        _check_batch(body, ("query", "keys"), needs_data=True)
        chosen = self._chosen(asked, body)
        return await self._written(replace(chosen, action="update", data=body["data"]))

    async def _delete(self, asked: ItemsRequest, body: Any) -> Response:
        if isinstance(body, list):
            body = {"keys": body}
        _check_batch(body, ("query", "keys"))
        await self.outcome(replace(self._chosen(asked, body), action="delete"))
        return Response(status_code=204)

    def searched(self, asked: ItemsRequest, body: Any) -> ItemsRequest:
        """Return ``asked`` with the query and the keys in the body of a SEARCH.

        Raises:
            DirectusError: the body has another form.
        """
        _check_batch(body)
        if "query" in body:
            asked = replace(
                asked, query=self._context.parse_query(body["query"], asked.accountability)
            )
        # Directus looks for keys in neither of these.
        if "keys" not in body or asked.collection.singleton or asked.collection is USERS:
            return asked
        return replace(asked, ids=tuple(body["keys"]))

    def _chosen(self, asked: ItemsRequest, body: dict[str, Any]) -> ItemsRequest:
        if "keys" in body:
            return replace(asked, ids=tuple(body["keys"]))
        return replace(
            asked, selector=self._context.parse_query(body["query"], asked.accountability)
        )

    def _asked(self, request: Request) -> ItemsRequest:
        """Return a read of the collection in the path, with the query of the query string."""
        accountability = self._context.accountability(request)
        query = self._context.query(request, accountability)
        name = request.path_params["collection"]
        if name.startswith("directus_"):
            raise forbidden()
        collection = self._project.by_name.get(name)
        if collection is None:
            raise forbidden_collection(name)
        return ItemsRequest("read", collection, accountability, query=query, client=request.client)

    async def _written(self, asked: ItemsRequest) -> Response:
        outcome = await self.outcome(asked)
        if outcome.error is None:
            return answer(data=outcome.data)
        if outcome.error.code == "FORBIDDEN":
            return Response(status_code=204)
        raise outcome.error

    async def outcome(self, request: ItemsRequest) -> Outcome:
        """Perform ``request``, and return what comes of it.

        Raises:
            DirectusError: it is refused.
        """
        answered: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def take(result: Outcome | DirectusError) -> None:
            if answered.done():
                return  # the client is gone
            if isinstance(result, Outcome):
                answered.set_result(result)
            else:
                answered.set_exception(result)

        # The events of a commit have to be delivered, even if the client goes away.
        task = asyncio.create_task(self._dispatcher.perform(request, take))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await answered

    def _refuse_singleton(self, collection: Collection, rest: str) -> None:
        if collection.singleton:
            raise route_not_found(f"/{collection.name}{rest}")


def _check_batch(body: Any, choices: tuple[str, ...] = (), *, needs_data: bool = False) -> None:
    """Raise the fault in the body of a request for many items, in joi's words."""
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
