"""What the REST endpoints share: accountability, query strings, and JSON bodies."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from server.auth.access import Accountability
from server.auth.authentication import Authentication
from server.config import MAX_UNAUTHENTICATED_SIZE
from server.errors import DirectusError, invalid_payload
from server.frames import write_object
from server.parsing import parse
from server.query.filters import DynamicVariables
from server.query.query import Limits, Query, read_query
from server.rest.malformed import explain, unexpected

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_CHARSET = re.compile(r';\s*charset="?([^\s;"]+)', re.IGNORECASE)
_DEEPEST = 20
_LONGEST = 1_000  # characters of a name in a query string
_PIECE = 262_144  # characters of a large response that leave at once


class Json(JSONResponse):
    """A response with a body in Directus' JSON, and its content type."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """Return ``content`` as compact JSON."""
        return write_object(content).encode()


def routes(path: str, endpoint: Callable[[Request], Any], methods: Sequence[str]) -> list[Route]:
    """Return the routes of ``path``, at whose end a slash makes no difference."""
    return [Route(each, endpoint, methods=methods) for each in (path, f"{path}/")]


def answer(**parts: Any) -> Response:
    """Return a response with ``parts`` in their order; a large one is sent piece by piece."""
    text = write_object(parts)
    if len(text) <= _PIECE:
        return Json(parts)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(text), _PIECE):
            yield text[at : at + _PIECE].encode()
            await asyncio.sleep(0)  # give way

    return StreamingResponse(pieces(), media_type=Json.media_type)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Reads what a request carries; ``largest`` is the limit of a body, in bytes."""

    authentication: Authentication
    public: Accountability
    limits: Limits
    largest: int

    def accountability(self, request: Request) -> Accountability:
        """Return the accountability of a request: its token's, or the public's without one.

        Raises:
            DirectusError: the token is unknown, has expired, or is given in two ways.
        """
        parts = request.headers.get("authorization", "").split(" ")
        bearer = parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else ""
        parameter = request.query_params.get("access_token", "")
        if bearer and parameter:
            way = "The request uses more than one method for including an access token"
            raise invalid_payload(way)
        token = bearer or parameter
        return self.authentication.identify(token).accountability if token else self.public

    def query(self, request: Request, accountability: Accountability) -> Query:
        """Return the query of a query string.

        Raises:
            DirectusError: INVALID_QUERY.
        """
        return self.parse_query(nested(request.query_params.multi_items()), accountability)

    def parse_query(self, raw: dict[str, Any], accountability: Accountability) -> Query:
        """Return the query that ``raw`` describes.

        Raises:
            DirectusError: INVALID_QUERY.
        """
        return read_query(
            raw, DynamicVariables(accountability.user, datetime.now(UTC)), self.limits
        )

    async def body(self, request: Request) -> Any:
        """Return the object or list of a body; an empty object unless its type is JSON.

        Raises:
            DirectusError: INVALID_PAYLOAD, for malformed JSON or a body that is too large.
        """
        body = bytearray()
        largest = self.largest if self._signed_in(request) else MAX_UNAUTHENTICATED_SIZE
        async for chunk in request.stream():
            body += chunk
            if len(body) > largest:
                raise invalid_payload("request entity too large")
        kind = request.headers.get("content-type", "")
        if not body or kind.partition(";")[0].strip().lower() != "application/json":
            return {}
        charset = _CHARSET.search(kind)
        if charset and charset[1].lower() != "utf-8":
            raise invalid_payload(f'unsupported charset "{charset[1].upper()}"')
        if (encoding := request.headers.get("content-encoding", "identity")) != "identity":
            raise invalid_payload(f'unsupported content encoding "{encoding}"')
        text = body.decode("utf-8-sig", "replace")
        if text.lstrip()[:1] not in ("{", "["):
            raise invalid_payload(unexpected(text, 0))
        try:
            return parse(text)
        except ValueError as error:
            raise invalid_payload(explain(text, error)) from None

    def _signed_in(self, request: Request) -> bool:
        try:
            return self.accountability(request).user is not None
        except DirectusError:
            return False


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the tree of the names in a query string: ``filter[user][_eq]``, ``fields[]``.

    Names that are very long are left out: finding their brackets takes too long.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs:
        if len(name) > _LONGEST:
            continue
        root = name.partition("[")[0]
        path = [root, *_BRACKETS.findall(name[len(root) :])]
        _put(tree, path[:_DEEPEST], value)
    return {name: _listed(branch) for name, branch in tree.items()}


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    *way, last = path
    for at, step in enumerate(way):
        below = tree.setdefault(step, {})
        if not isinstance(below, dict):
            # An earlier name has a value here: both are in a list, so that neither is lost.
            tree[step] = {"0": below, "1": value}
            rest = path[at + 1 :]
            if len(rest) > 1 or not (rest[0] or "0").isdecimal():
                tree[step]["1"] = {}
                _put(tree[step]["1"], rest, value)
            return
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
