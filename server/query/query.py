"""Queries: from a client's JSON to a ``Query``, whose values are checked. No I/O."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from server.config import LARGEST_EXACT, MAX_QUERY_NAMES
from server.errors import invalid_query
from server.parsing import parse
from server.query.filters import DynamicVariables, Filter, names_of, read_filter
from server.query.values import read_number, write_text

META = ("total_count", "filter_count")
_REFUSED = ("aggregate", "groupBy", "deep", "alias", "version", "versionRaw", "export")
LARGEST = 2**63 - 1
"""The highest number that SQLite takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The number of rows of a read: ``default`` without a limit, and at most ``most``.

    A name may lead through ``depth`` fields.
    """

    default: int = 100
    most: int | None = None
    depth: int = 10


DEFAULTS = Limits()
"""Directus' default limits."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query with valid values. ``fields`` is None for all, empty for keys instead of rows."""

    fields: tuple[str, ...] | None = None
    filter: Filter | None = None
    search: str = ""
    sort: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    page: int = 0
    meta: tuple[str, ...] = ()


def read_query(raw: Mapping[str, Any], variables: DynamicVariables, limits: Limits) -> Query:
    """Return the query of a client, from JSON or from a query string.

    Raises:
        DirectusError: INVALID_QUERY; silent where Directus sends no reply.
    """
    given_filter = raw.get("filter")
    query = Query(
        fields=_fields(raw.get("fields")),
        filter=read_filter(given_filter, variables) if given_filter else None,
        search=_search(raw.get("search")),
        sort=tuple(_names("sort", raw.get("sort"))),
        limit=_limit(raw.get("limit"), limits),
        offset=_count("offset", raw.get("offset"), 0) or 0,
        page=_count("page", raw.get("page"), 0) or 0,
        meta=_meta(raw.get("meta")),
    )
    _check_depth(query, limits.depth)
    for name in _REFUSED:
        _check_unsupported(name, raw.get(name))
    return query


def _check_depth(query: Query, deepest: int) -> None:
    names = (*(query.fields or ()), *(names_of(query.filter) if query.filter else ()), *query.sort)
    if any(name.count(".") >= deepest for name in names):
        raise invalid_query("Max relational depth exceeded")


def _check_unsupported(name: str, value: Any) -> None:
    """Refuse a parameter that would have an effect on Directus."""
    if isinstance(value, str) and value:
        with suppress(ValueError):
            value = parse(value)
    if name == "alias" and value is not None and value != "":
        if not isinstance(value, dict):
            raise invalid_query('"alias" has to be an object')
        if any("." in key for key in value):
            raise invalid_query('"alias" key can\'t contain a period character `.`')
    if value and not (name == "deep" and not isinstance(value, dict)):
        raise invalid_query(f'"{name}" is not supported by this server')


@lru_cache
def shared(query: Query) -> Query:
    """Return one object for equal queries, so that comparing ids is enough.

    It is for those of subscriptions: the last ones are kept, and these are not large.
    """
    return query


def _fields(raw: Any) -> tuple[str, ...] | None:
    if not raw and not isinstance(raw, list):
        return None
    if not isinstance(raw, str | list):
        raise invalid_query('"fields" must be a string or array')
    return tuple(dict.fromkeys(_names("fields", raw)))


def _names(what: str, raw: Any) -> list[str]:
    items = raw if isinstance(raw, list) else [raw] if raw and isinstance(raw, str) else []
    if not all(isinstance(item, str) for item in items):
        raise invalid_query(f'"{what}" holds something that is no string', silent=True)
    if sum(item.count(",") + item.count(".") + 1 for item in items) > MAX_QUERY_NAMES:
        raise invalid_query(f'"{what}" has more than {MAX_QUERY_NAMES:,} names')
    names = [name.strip() for item in items for name in item.split(",")]
    if "" in names:
        raise invalid_query(f'"{what}[{names.index("")}]" is not allowed to be empty')
    return names


def _search(raw: Any) -> str:
    # Directus ignores what is no text; of spaces alone it looks for all.
    text = write_text(raw) if isinstance(raw, str) else ""
    return text.strip() or text


def _limit(raw: Any, limits: Limits) -> int | None:
    # In JavaScript the number of an empty text is 0.
    limit = 0 if raw == "" else _count("limit", raw, -1)
    if limits.most is not None:
        if limit is not None and limit > limits.most:
            raise invalid_query(f'"limit" must be less than or equal to {limits.most}')
        return limits.most if limit == -1 else limit
    return limit


def _count(name: str, raw: Any, least: int) -> int | None:
    if raw is None or raw == "":
        return None
    number = read_number(raw) if not isinstance(raw, bool) else None
    if number is None:
        raise invalid_query(f'"{name}" must be a number')
    if number != int(number):
        raise invalid_query(f'"{name}" must be an integer')
    if abs(number) > LARGEST_EXACT:
        raise invalid_query(f'"{name}" must be a safe number')
    if number < least:
        raise invalid_query(f'"{name}" must be greater than or equal to {least}')
    return int(number)


def _meta(raw: Any) -> tuple[str, ...]:
    if not raw:
        return ()
    if raw == "*":
        return META
    if not isinstance(raw, str | list):
        raise invalid_query('"meta" is neither a string nor an array', silent=True)
    names = raw.split(",") if isinstance(raw, str) else raw
    for at, name in enumerate(names):
        if name not in META:
            raise invalid_query(f'"meta[{at}]" must be one of [{", ".join(META)}]')
    return tuple(names)
