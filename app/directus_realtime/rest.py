"""The rest composable: one request for each command, over urllib.

On CPython a request runs in a thread. In the browser it uses pyodide-http and blocks the page until
the answer comes: use the realtime connection for what a page does often.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from .checks import (
    check_collection,
    check_item,
    check_items,
    check_json,
    check_key,
    check_keys,
    check_query,
)
from .client import DirectusClient
from .core import codec, messages
from .core.query import query_to_params
from .diagnosis import diagnose_http, gateway_error, not_directus_error, redirect_error
from .errors import ConnectionFailed, ServerError, UsageError
from .transports.base import Answer, http_address
from .transports.platform import transports
from .types import Key, Keys, Query

_WITHOUT_PAGES = ("/items/", "/users/", "/server/")
"""The paths at which Directus never answers with a page; an extension's endpoint may."""


class Command(NamedTuple):
    """One request to be made, as the functions below return it.

    ``query`` is a Directus query, sent as URL parameters; ``body`` is a JSON value, or None.
    """

    method: str
    path: str
    query: Query | None = None
    body: Any = None


class RestClient(DirectusClient):
    """A client that makes requests over HTTP. Made by ``rest()``."""

    def __init__(self, client: DirectusClient, timeout: float) -> None:
        super().__init__(client.url, client)
        self._timeout = timeout

    async def request(self, command: Command) -> Any:
        """Carry out a command, such as ``read_items("messages")``, and return its result.

        Raises:
            ServerError: Directus answered with an error.
            ConnectionFailed: nothing answered in time; the sentence says why.
            UsageError: this is a browser, and the package pyodide-http is missing.
        """
        base = http_address(self.url)
        if command.body is not None:
            check_json(command.body, "data")
        try:
            answer = await transports().fetch_over_urllib(
                base + command.path + _parameters(command.query),
                await self.get_token(),
                method=command.method,
                body=None if command.body is None else codec.encode(command.body),
                timeout=self._timeout,
            )
        except TimeoutError as error:
            raise ConnectionFailed(
                f"Directus at {base} did not answer within {self._timeout:g} s."
            ) from error
        except OSError as error:
            raise await self._unanswered_error(base) from error
        if answer.location is not None:
            raise redirect_error(base, command.path, answer.location)
        if answer.text.lstrip().startswith("<") and command.path.startswith(_WITHOUT_PAGES):
            if answer.status >= 500:
                raise gateway_error(base, answer.status)
            raise not_directus_error(base, f"it sent a page, with the status {answer.status}")
        return _result(answer)

    async def _unanswered_error(self, base: str) -> ConnectionFailed:
        """Return the error for a request that got no answer."""
        return await diagnose_http(base, transports().fetch) or ConnectionFailed(
            f"Directus at {base} answers, but this request had no answer: read the item to see "
            "whether it was carried out. Where this is a page of another origin, see that "
            "CORS_METHODS and CORS_ALLOWED_HEADERS in Directus allow the request."
        )


def rest(*, timeout: float = 10.0) -> Callable[[DirectusClient], RestClient]:
    """Return the composable that lets a client make requests over HTTP.

    Args:
        timeout: seconds for an answer; in a browser there is no limit.
    """
    return lambda client: RestClient(client, timeout)


def read_items(collection: str, query: Query | None = None) -> Command:
    """Read the items that match ``query``: a list."""
    return Command("GET", _path(collection), query)


def read_item(collection: str, key: Key, query: Query | None = None) -> Command:
    """Read the item with this key."""
    return Command("GET", _item_path(collection, key), query)


def create_item(collection: str, item: dict[str, Any], query: Query | None = None) -> Command:
    """Create an item; the result is the item as stored, or None if it may not be read.

    Raises:
        UsageError: ``item`` is not a dict.
    """
    check_item(item, "item")
    return Command("POST", _path(collection), query, item)


def create_items(
    collection: str, items: list[dict[str, Any]], query: Query | None = None
) -> Command:
    """Create several items; the result is a list of them, or None if they may not be read.

    Raises:
        UsageError: ``items`` is no list of dicts.
    """
    check_items(items, "items")
    return Command("POST", _path(collection), query, items)


def update_item(
    collection: str, key: Key, item: dict[str, Any], query: Query | None = None
) -> Command:
    """Change fields of the item with this key; the result is the item as stored.

    Raises:
        UsageError: ``item`` is not a dict.
    """
    check_item(item, "item")
    return Command("PATCH", _item_path(collection, key), query, item)


def update_items(
    collection: str,
    keys_or_query: Keys | Query,
    item: dict[str, Any],
    query: Query | None = None,
) -> Command:
    """Change the same fields of several items, named by keys or by a query; the result is a list.

    Raises:
        UsageError: there are no keys, or the query is empty and would change all; or ``item`` is
            not a dict.
    """
    check_item(item, "item")
    return Command("PATCH", _path(collection), query, {**_which(keys_or_query), "data": item})


def update_items_batch(
    collection: str, items: list[dict[str, Any]], query: Query | None = None
) -> Command:
    """Change several items, each in its own way; each holds its key. The result is a list.

    Raises:
        UsageError: ``items`` is no list of dicts.
    """
    check_items(items, "items")
    return Command("PATCH", _path(collection), query, items)


def delete_item(collection: str, key: Key) -> Command:
    """Delete the item with this key; the result is None."""
    return Command("DELETE", _item_path(collection, key))


def delete_items(collection: str, keys_or_query: Keys | Query) -> Command:
    """Delete several items, named by keys or by a query; the result is None.

    Raises:
        UsageError: there are no keys, or the query is empty and would delete all.
    """
    return Command("DELETE", _path(collection), None, _which(keys_or_query))


def read_singleton(collection: str, query: Query | None = None) -> Command:
    """Read the one item of a singleton."""
    return Command("GET", _path(collection), query)


def update_singleton(collection: str, item: dict[str, Any], query: Query | None = None) -> Command:
    """Change fields of a singleton's item; the result is the item as stored.

    Raises:
        UsageError: ``item`` is not a dict.
    """
    check_item(item, "item")
    return Command("PATCH", _path(collection), query, item)


def read_me(query: Query | None = None) -> Command:
    """Read the user that the token belongs to."""
    return Command("GET", "/users/me", query)


def server_ping() -> Command:
    """Ask whether Directus answers; the result is the text ``pong``."""
    return Command("GET", "/server/ping")


def _path(collection: str) -> str:
    check_collection(collection)
    if collection.startswith("directus_"):
        raise UsageError(f"Expected a collection of the project's own, got {collection!r}.")
    return f"/items/{codec.quoted(collection)}"


def _item_path(collection: str, key: Key) -> str:
    check_key(key, "key")
    if key == "":
        raise UsageError(f'The key of an item of "{collection}" is empty.')
    return f"{_path(collection)}/{codec.quoted(str(key))}"


def _which(keys_or_query: Keys | Query) -> dict[str, Any]:
    if not keys_or_query:
        raise UsageError("Expected the items' keys or a query, got nothing: pass one of them.")
    if isinstance(keys_or_query, dict):
        check_query(keys_or_query)
        return {"query": keys_or_query}
    check_keys(keys_or_query)
    return {"keys": keys_or_query}


def _parameters(query: Query | None) -> str:
    """Return ``query`` as URL parameters, exactly as the JS SDK writes them."""
    check_query(query)
    params = query_to_params(query or {})
    parts = [f"{_form_encoded(name)}={_form_encoded(text)}" for name, text in params.items()]
    return "?" + "&".join(parts) if parts else ""


def _form_encoded(text: str) -> str:
    """Return ``text`` as URLSearchParams writes it.

    urllib.parse does the same, but a page fetches it with its library when it is first imported.
    """
    return codec.quoted(text).replace("%20", "+").replace("%2A", "*").replace("~", "%7E")


def _result(answer: Answer) -> Any:
    error = messages.http_error(answer.text)
    if error is None and 200 <= answer.status < 300:
        return _content(answer.text)
    status = f"Directus answered with the status {answer.status}"
    raise ServerError(*(error or (f"HTTP_{answer.status}", f"{status}: {answer.text[:80]!r}")))


def _content(text: str) -> Any:
    """Return the data in an answer; its text where it is not JSON, and None where it is empty."""
    if not text:
        return None
    try:
        content = codec.decode(text)
    except ValueError:
        return text
    return content["data"] if isinstance(content, dict) and "data" in content else content
