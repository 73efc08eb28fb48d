"""The live views of a client: equal queries share their rows, and collections their events."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from .changes import Changes
from .key_watch import Client, KeyWatch
from .keyed_query import KeyedQuery
from .pace import Pace
from .shared_view import SharedView


class SharedViews:
    """Begins what a view needs with its first observer, and ends it with the last.

    Args:
        client: the client.
        connect: connects the client if it is closed; None if that is not needed.
    """

    def __init__(
        self, client: Client, connect: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._client = client
        self._connect = connect
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pace = Pace()
        self._views: dict[tuple[str, str, str], SharedView] = {}
        self._watches: dict[tuple[str, str], KeyWatch] = {}

    async def join(self, collection: str, keyed: KeyedQuery, observer: Changes) -> SharedView:
        """Return the view of a query, which tells ``observer`` of changes until it leaves.

        Raises:
            ConnectionFailed: the client is closed, and cannot connect.
        """
        if (loop := asyncio.get_running_loop()) is not self._loop:
            # What ran in another event loop has ended with it.
            self._loop, self._pace, self._views, self._watches = loop, Pace(), {}, {}
        if self._connect is not None:
            await self._connect()
        place = (collection, keyed.key, json.dumps(keyed.query, sort_keys=True))
        view = self._views.get(place)
        if view is None or view.problem is not None:
            watch = self._watch(collection, keyed.key)
            view = SharedView(self._client, collection, keyed, watch, self._pace)
            self._views[place] = view
        view.join(observer)
        return view

    async def leave(self, view: SharedView, observer: Changes) -> None:
        """End what nobody reads any more."""
        view.observers = [each for each in view.observers if each is not observer]
        if view.observers:
            return
        self._views = {place: each for place, each in self._views.items() if each is not view}
        watch, ended = view.watch, [view.end()]
        if not watch.listeners:
            self._watches = {at: each for at, each in self._watches.items() if each is not watch}
            ended.append(watch.end())
        await asyncio.gather(*ended)

    def _watch(self, collection: str, key: str) -> KeyWatch:
        watch = self._watches.get((collection, key))
        if watch is None or watch.problem is not None:
            watch = self._watches[collection, key] = KeyWatch(self._client, collection, key)
        return watch
