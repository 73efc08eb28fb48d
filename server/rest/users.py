"""The REST endpoints of users, which are there to be read."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.errors import DirectusError, invalid_credentials
from server.items.request import ItemsRequest
from server.project import USERS
from server.rest.context import RequestContext, answer, routes
from server.rest.items import ItemsEndpoints


class UsersEndpoints:
    """The endpoints. They raise DirectusError, which the application turns into a response."""

    def __init__(self, context: RequestContext, items: ItemsEndpoints) -> None:
        self._context = context
        self._items = items

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            *routes("/users", self.users, ["GET", "SEARCH"]),
            *routes("/users/me", self.me, ["GET"]),
            *routes("/users/{key}", self.user, ["GET"]),
        ]

    async def users(self, request: Request) -> Response:
        """List users."""
        body = await self._context.body(request) if request.method == "SEARCH" else None
        asked = self._asked(request)
        asked = asked if body is None else self._items.searched(asked, body)
        outcome = await self._items.outcome(asked)
        counts = {} if outcome.meta is None else {"meta": outcome.meta}
        return answer(data=outcome.data, **counts)

    async def user(self, request: Request) -> Response:
        """Read the user with a key."""
        asked = replace(self._asked(request), id=request.path_params["key"])
        return answer(data=(await self._items.outcome(asked)).data)

    async def me(self, request: Request) -> Response:
        """Return the current user: the key alone, where what is asked for may not be read."""
        asked = self._asked(request)
        user = asked.accountability.user
        if user is None:
            raise invalid_credentials()
        try:
            return answer(data=(await self._items.outcome(replace(asked, id=user))).data)
        except DirectusError as error:
            if error.code != "FORBIDDEN":
                raise
            return answer(data={"id": user})

    def _asked(self, request: Request) -> ItemsRequest:
        accountability = self._context.accountability(request)
        query = self._context.query(request, accountability)
        return ItemsRequest("read", USERS, accountability, query=query, client=request.client)
