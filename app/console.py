"""What the person at the browser's console meets: the guide's lines, ``createItem``, ``directus``.

Values cross into JavaScript as JSON, so that the console shows plain objects, with ``null`` and
``undefined`` where the guide's page shows them.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

from js import JSON, Error, Object, Promise, console, window
from pyodide.code import run_js
from pyodide.ffi import JsException, JsProxy, create_proxy, to_js


class Connection(Protocol):
    """What ``window.directus`` offers of a client."""

    def stats(self) -> Mapping[str, object]:
        """Return counts."""

    async def connect(self) -> None:
        """Connect."""

    def disconnect(self) -> None:
        """Disconnect."""


# Each call of JavaScript costs as much as the line itself: a message takes one for its two lines.
_log_json = run_js("(text) => console.log(JSON.parse(text))")
_log_two = run_js("(line, text) => { console.log(line); console.log(JSON.parse(text)); }")


def log(*values: Any) -> None:
    """Write each value to the console, on a line of its own."""
    for value in values:
        if isinstance(value, dict) and (text := _plain_json(value)) is not None:
            _log_json(text)
        else:
            console.log(to_javascript(value))


def log_message(message: dict[str, Any]) -> None:
    """Write the guide's two lines about a message."""
    line = f"New message of type {message.get('type', 'undefined')}"
    if "data" in message and (text := _plain_json(message["data"])) is not None:
        _log_two(line, text)
        return
    log(line)
    if "data" in message:
        log(message["data"])
    else:
        console.log(None)  # arrives as undefined, JavaScript's word for a missing key


def _plain_json(value: Any) -> str | None:
    """Return JSON that JavaScript reads, or None where a value has none."""
    try:
        return _ENCODER.encode(value)
    except ValueError:  # of a number such as 1e999, which Python reads as infinite
        return None


_ENCODER = json.JSONEncoder(allow_nan=False)


def to_javascript(value: Any) -> Any:
    """Return ``value`` as the JavaScript value of the same JSON; it breaks at no value."""
    if isinstance(value, JsProxy | str):
        return value
    text = _plain_json(value)
    return to_js(value, dict_converter=Object.fromEntries) if text is None else JSON.parse(text)


def expose(
    create: Callable[[dict[str, Any]], Awaitable[Any]],
    connection: Connection,
    state: Callable[[], str],
) -> None:
    """Put ``createItem`` and ``directus`` on ``window``; create what was asked for before.

    Args:
        create: creates an item from its fields and returns it as stored.
        connection: the client.
        state: returns the state that the page shows.
    """

    def create_item(text: Any = None, user: Any = None, *_: Any) -> Any:
        return promise(_create(create, text, user))

    api = {
        "state": lambda *_: state(),
        "stats": lambda *_: to_javascript(dict(connection.stats())),
        "connect": lambda *_: promise(connection.connect()),
        "disconnect": lambda *_: connection.disconnect(),
    }
    proxies = {name: create_proxy(function) for name, function in api.items()}
    window.directus = to_js(proxies, dict_converter=Object.fromEntries)

    def hand_over() -> None:
        early, window.createItem = window.createItem, create_proxy(create_item)
        early.handOver(window.createItem)

    # The program begins to connect in this turn of the event loop; what was kept comes after that.
    asyncio.get_running_loop().call_soon(hand_over)


def promise(work: Awaitable[Any]) -> Any:
    """Return a JavaScript promise of what ``work`` gives; a failure rejects it with an Error."""
    deferred = Promise.withResolvers()

    async def settle() -> None:
        try:
            result = await work
        except JsException as error:
            deferred.reject(_error(error.message, error.name))
        except Exception as error:
            deferred.reject(_error(str(error), getattr(error, "code", type(error).__name__)))
        else:
            deferred.resolve(None if result is None else to_javascript(result))

    task = _start(settle())
    _running.add(task)  # a task that nothing refers to may be collected
    task.add_done_callback(_running.discard)
    return deferred.promise


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Return a task that has begun: what it sends first is sent before this returns."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.eager_task_factory(loop, work)
    return loop.create_task(work)


async def _create(create: Callable[[dict[str, Any]], Awaitable[Any]], text: Any, user: Any) -> Any:
    """Create the item that ``JSON.stringify`` would send: without what is undefined."""
    given = to_js({"text": text, "user": user}, dict_converter=Object.fromEntries)
    return await create(json.loads(JSON.stringify(given)))


def _error(sentence: str, code: str) -> Any:
    error = Error.new(sentence)
    error.code = code
    error.stack = f"Error: {sentence}"  # frames of the interpreter would tell nobody anything
    return error


_running: set[asyncio.Future[None]] = set()
