"""What can be called at the browser's console: ``createItem``, and ``directus`` with its functions.

The functions themselves are JavaScript's, in ``functions.py``: all of them call one of Python's.
Values cross as JSON, both ways, and a subscription as its number, so that nothing has to be
destroyed.
"""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

from directus_realtime import (
    Closed,
    Opened,
    RealtimeClient,
    Subscription,
    UsageError,
)
from js import window
from pyodide.ffi import JsProxy, create_proxy

from app.console import plain_json, to_javascript
from app.functions import HELP, make_functions

Create = Callable[[dict[str, Any]], Coroutine[Any, Any, Any]]


def expose(create: Create, client: RealtimeClient, state: Callable[[], str]) -> None:
    """Put ``createItem`` and ``directus`` on ``window``; create what was asked for before.

    Args:
        create: creates an item from its fields and returns it as stored.
        client: the client.
        state: returns the state that the page shows.
    """
    actions = _Actions(create, client, state)

    def call(number: int, name: str, values: str, *listener: Any) -> None:
        try:
            result = getattr(actions, name)(*json.loads(values), *listener)
        except Exception as error:
            fail(number, *_told(error))
        else:
            if asyncio.iscoroutine(result):
                _start(settle(number, result))
            else:
                done(number, _crossing(result))

    async def settle(number: int, work: Coroutine[Any, Any, Any]) -> None:
        try:
            result = await work
        except Exception as error:
            fail(number, *_told(error))
        else:
            done(number, _crossing(result))
        finally:  # a callback of the task's would take a turn of the event loop
            _running.discard(asyncio.current_task())

    functions = make_functions(create_proxy(call), HELP)
    done, fail = functions.done, functions.fail  # kept: to look one up makes a proxy
    window.directus = functions.directus

    def hand_over() -> None:
        early = window.createItem
        window.createItem = functions.createItem
        early.handOver(window.createItem)

    # The program begins to connect in this turn of the event loop; what was kept comes after that.
    asyncio.get_running_loop().call_soon(hand_over)


class _Actions:
    """What JavaScript calls, by name."""

    def __init__(self, create: Create, client: RealtimeClient, state: Callable[[], str]) -> None:
        self.create_item = create
        self.state = state
        self._client = client
        self._numbers = count(1)
        self._subscriptions: dict[int, Subscription[Any]] = {}
        self._removers: dict[int, Callable[[], None]] = {}
        self.stats, self.inspect = client.stats, client.inspect
        self.connect, self.disconnect = client.connect, client.disconnect
        self.cut, self.offline, self.online = client.cut, client.offline, client.online

    def send(self, message: Any) -> None:
        if not isinstance(message, dict | str):
            raise UsageError("sendMessage takes a message: an object, or a text.")
        self._client.send_message(message)

    def listen(self, event: Any, listener: Any) -> int:
        number = next(self._numbers)
        self._removers[number] = self._client.on_web_socket(
            event, lambda value: listener(_crossing(value))
        )
        return number

    def remove(self, number: int) -> None:
        if (remove := self._removers.pop(number, None)) is not None:
            remove()

    async def subscribe(self, collection: Any, options: Any) -> int:
        names = ("event", "query", "uid", "recover", "key", "since", "buffer")
        chosen = _chosen("subscribe", options, names)
        subscription: Subscription[Any] = await self._client.subscribe(collection, **chosen)
        number = next(self._numbers)
        self._subscriptions[number] = subscription
        return number

    async def next(self, number: int) -> Any:
        """Return the next message; None when there will be none."""
        subscription = self._subscriptions.get(number)
        return None if subscription is None else await anext(subscription, None)

    def unsubscribe(self, number: int) -> None:
        if (subscription := self._subscriptions.pop(number, None)) is not None:
            subscription.unsubscribe()

    def create(self, collection: Any, data: Any, options: Any) -> Coroutine[Any, Any, Any]:
        chosen = _chosen("create", options, ("query", "key", "timeout"))
        return self._client.items(collection).create(data, **chosen)

    def read(self, collection: Any, query: Any, options: Any) -> Coroutine[Any, Any, Any]:
        chosen = _chosen("read", options, ("id", "ids", "timeout"))
        return self._client.items(collection).read(query, **chosen)

    def update(self, collection: Any, data: Any, options: Any) -> Coroutine[Any, Any, Any]:
        chosen = _chosen("update", options, ("id", "ids", "query", "timeout"))
        return self._client.items(collection).update(data, **chosen)

    def delete(self, collection: Any, options: Any) -> Coroutine[Any, Any, Any]:
        chosen = _chosen("delete", options, ("id", "ids", "query", "timeout"))
        return self._client.items(collection).delete(**chosen)


def _chosen(name: str, options: Any, known: tuple[str, ...]) -> dict[str, Any]:
    """Return the options of a call.

    Raises:
        UsageError: they are no object, or one has another name.
    """
    if options is None:
        return {}
    words = ", ".join(known)
    if not isinstance(options, dict):
        raise UsageError(f"The options of {name} are an object with any of {words}.")
    for option in options:
        if option not in known:
            raise UsageError(f"{name} has no option {option!r}: its options are {words}.")
    return options


def _crossing(value: Any) -> Any:
    """Return what JavaScript is given: JSON where there is one, and nothing for None."""
    if value is None:
        return value
    if type(value) is dict and (text := plain_json(value)):  # as most results, which is quicker
        return text
    if isinstance(value, JsProxy):
        return value
    if isinstance(value, Opened | Closed):
        value = value._asdict()
    elif isinstance(value, Exception):
        value = str(value)
    return plain_json(value) or to_javascript(value)


def _told(error: Exception) -> tuple[str, str]:
    """Return the sentence of an error, and its code."""
    return str(error), getattr(error, "code", type(error).__name__)


def _start(work: Coroutine[Any, Any, None]) -> None:
    """Begin ``work``: what it sends first is sent before this returns."""
    loop = asyncio.get_running_loop()
    if sys.version_info >= (3, 12):
        task = asyncio.eager_task_factory(loop, work)
    else:
        task = loop.create_task(work)
    if not task.done():
        _running.add(task)  # a task that nothing refers to may be collected


_running: set[asyncio.Task[None] | None] = set()
