"""A stand-in for a Directus that a test scripts: its answers by method and path."""

from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

PONG = PlainTextResponse("pong")


def refusal(status: int, code: str, message: str = "No.") -> Response:
    """Return a refusal as Directus words it."""
    error = {"message": message, "extensions": {"code": code}}
    return JSONResponse({"errors": [error]}, status)


def data(content: Any) -> Response:
    """Return an answer as Directus wraps it."""
    return JSONResponse({"data": content})


@dataclass
class StandIn:
    """Gives the scripted answers, and keeps what it was sent as (method, path, body)."""

    answers: dict[tuple[str, str], Response] = field(default_factory=dict)
    changes: list[tuple[str, str, Any]] = field(default_factory=list)

    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "PATCH"])]
        )

    async def answer(self, request: Request) -> Response:
        method, path = request.method, request.url.path
        if method != "GET":
            self.changes.append((method, path, await request.json()))
        default = PONG if path == "/server/ping" else refusal(404, "ROUTE_NOT_FOUND")
        return self.answers.get((method, path), default)
