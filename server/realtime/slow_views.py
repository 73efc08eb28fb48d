"""Views that take too long to read. They are not tried again for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from server.config import MAX_VIEW_TIME
from server.database.engine import is_interrupted, limit_time, too_slow, translated
from server.items.events import View
from server.query.permission import Permission
from server.query.query import Query

_PAUSE = 60.0  # seconds
_MOST = 1_000  # remembered


class SlowViews:
    """Limits the time of each view, so that its subscribers do not hold up the others."""

    def __init__(self) -> None:
        self._until: dict[tuple[Query, Permission | None], float] = {}

    @contextmanager
    def watch(self, connection: sa.Connection, view: View) -> Iterator[None]:
        """Read ``view`` inside.

        Raises:
            DirectusError: it takes too long, or did so a short time ago; or SQLite refuses it.
        """
        key = (view.query, view.permission)
        if self._until and self._until.get(key, 0.0) > time.monotonic():
            raise too_slow()
        limit_time(connection, MAX_VIEW_TIME)
        try:
            yield
        except DBAPIError as error:
            if is_interrupted(error):
                if len(self._until) >= _MOST:
                    self._until.clear()
                self._until[key] = time.monotonic() + _PAUSE
            raise translated(error) from error
