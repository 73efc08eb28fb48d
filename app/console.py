"""What the person at the browser's console meets: the guide's lines, ``createItem``, ``directus``.

Values cross into JavaScript as JSON, so that the console shows plain objects, with ``null`` and
``undefined`` where the guide's page shows them.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from js import JSON, Object, console, window
from pyodide.code import run_js
from pyodide.ffi import JsProxy, create_proxy, to_js


class Connection(Protocol):
    """What ``window.directus`` offers of a client."""

    def stats(self) -> Mapping[str, object]:
        """Return counts."""

    def connect(self) -> Coroutine[Any, Any, None]:
        """Connect."""

    def disconnect(self) -> None:
        """Disconnect."""


# Each call of JavaScript costs as much as the line itself, and so does each value that crosses: a
# message crosses once for all of its lines.
_lines = run_js("""
(() => {
  let last; // the message that crossed last
  return {
    message: (line, text) => {
      last = JSON.parse(text);
      console.log(line);
      console.log(last.data);
    },
    again: () => console.log(last),
    value: (text) => console.log(JSON.parse(text)),
  };
})()
""")
_log_message, _log_again, _log_value = _lines.message, _lines.again, _lines.value
_last = ""  # the JSON of the message that crossed last


def log(*values: Any) -> None:
    """Write each value to the console, on a line of its own."""
    for value in values:
        text = _plain_json(value) if isinstance(value, dict) else None
        if text is None:
            console.log(to_javascript(value))
        elif text == _last:
            _log_again()
        else:
            _log_value(text)


def log_message(message: dict[str, Any]) -> None:
    """Write the guide's two lines about a message."""
    global _last
    line = f"New message of type {message.get('type', 'undefined')}"
    if "data" in message and (text := _plain_json(message)) is not None:
        _log_message(line, text)
        _last = text
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


# A function that takes its arguments as the fields of an item, without what is undefined, and
# returns a promise of an item: so a call crosses into Python once, and its result once back.
_as_promise = run_js("""
(call, ...names) => (...values) => new Promise((resolve, reject) => {
  const succeed = (result) => resolve(typeof result === "string" ? JSON.parse(result) : result);
  const fail = (sentence, code) => {
    const error = Object.assign(new Error(sentence), { code });
    error.stack = `Error: ${sentence}`; // frames of the interpreter would tell nobody anything
    reject(error);
  };
  try {
    const fields = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    call(JSON.stringify(fields), succeed, fail);
  } catch (error) {
    fail(error.message, error.name);
  }
})
""")


def expose(
    create: Callable[[dict[str, Any]], Coroutine[Any, Any, Any]],
    connection: Connection,
    state: Callable[[], str],
) -> None:
    """Put ``createItem`` and ``directus`` on ``window``; create what was asked for before.

    Args:
        create: creates an item from its fields and returns it as stored.
        connection: the client.
        state: returns the state that the page shows.
    """

    def create_item(fields: str, resolve: Any, reject: Any) -> None:
        _settle(create(json.loads(fields)), resolve, reject)

    def connect(_fields: str, resolve: Any, reject: Any) -> None:
        _settle(connection.connect(), resolve, reject)

    api = {
        "state": lambda *_: state(),
        "stats": lambda *_: to_javascript(dict(connection.stats())),
        "disconnect": lambda *_: connection.disconnect(),
    }
    proxies = {name: create_proxy(function) for name, function in api.items()}
    window.directus = to_js(proxies, dict_converter=Object.fromEntries)
    window.directus.connect = _as_promise(create_proxy(connect))

    def hand_over() -> None:
        early = window.createItem
        window.createItem = _as_promise(create_proxy(create_item), "text", "user")
        early.handOver(window.createItem)

    # The program begins to connect in this turn of the event loop; what was kept comes after that.
    asyncio.get_running_loop().call_soon(hand_over)


def _settle(work: Coroutine[Any, Any, Any], resolve: Any, reject: Any) -> None:
    """Do ``work``, and settle a promise of JavaScript with what it gives."""

    async def settle() -> None:
        try:
            result = await work
        except Exception as error:
            reject(str(error), getattr(error, "code", type(error).__name__))
        else:
            text = _plain_json(result)
            resolve(None if result is None else text or to_javascript(result))
        finally:
            _running.discard(asyncio.current_task())

    task = _start(settle())
    if not task.done():
        _running.add(task)  # a task that nothing refers to may be collected


def _start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Return a task that has begun: what it sends first is sent before this returns."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        return asyncio.eager_task_factory(loop, work)
    return loop.create_task(work)


_running: set[asyncio.Task[None] | None] = set()
