"""What all our REST endpoints share: bodies in JSON, who asks, and the forms of a query string."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from directus_realtime.core.codec import encode
from starlette.requests import Request
from starlette.responses import JSONResponse

from server.access import Rights
from server.authentication import Authentication
from server.errors import invalid_payload
from server.filters import Context
from server.frames import parse
from server.malformed import explain, unexpected
from server.query import Limits, Query, read_query

_BRACKETS = re.compile(r"\[([^\]]*)\]")
_DEEPEST = 20


class Json(JSONResponse):
    """A body in Directus' JSON, with its content type."""

    media_type = "application/json; charset=utf-8"

    def render(self, content: Any) -> bytes:
        """Return ``content`` as compact JSON."""
        return encode(content).encode()


@dataclass(frozen=True, slots=True)
class Callers:
    """Finds out who asks, and what; ``largest`` is that of a body, in bytes."""

    authentication: Authentication
    public: Rights
    limits: Limits
    largest: int

    def rights(self, request: Request) -> Rights:
        """Return what whoever asks may do.

        Raises:
            DirectusError: the token is nobody's, has expired, or is given twice.
        """
        parts = request.headers.get("authorization", "").split(" ")
        bearer = parts[1] if len(parts) == 2 and parts[0].lower() == "bearer" else ""
        parameter = request.query_params.get("access_token", "")
        if bearer and parameter:
            way = "The request uses more than one method for including an access token"
            raise invalid_payload(way)
        token = bearer or parameter
        return self.authentication.identify(token).rights if token else self.public

    def query(self, request: Request, rights: Rights) -> Query:
        """Return the query of a query string.

        Raises:
            DirectusError: INVALID_QUERY.
        """
        return self.read(nested(request.query_params.multi_items()), rights)

    def read(self, raw: dict[str, Any], rights: Rights) -> Query:
        """Return the query that somebody means by ``raw``.

        Raises:
            DirectusError: INVALID_QUERY.
        """
        return read_query(raw, Context(rights.user, datetime.now(UTC)), self.limits)

    async def body(self, request: Request) -> Any:
        """Return the object or list that a request carries; an empty object if it is no JSON.

        Raises:
            DirectusError: INVALID_PAYLOAD, too, if it is too large.
        """
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.largest:
                raise invalid_payload("request entity too large")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if not body or kind != "application/json":
            return {}
        text = body.decode("utf-8", "replace")
        if text.lstrip()[:1] not in ("{", "["):
            raise invalid_payload(unexpected(text, 0))
        try:
            return parse(text)
        except ValueError as error:
            raise invalid_payload(explain(text, error)) from None


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
