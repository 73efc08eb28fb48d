"""What is asked of a collection's items, and what comes of it."""

from dataclasses import dataclass
from typing import Any

from server.access import Permission, Rights
from server.errors import DirectusError, forbidden_collection
from server.hub import Event, Key
from server.project import Action, Collection
from server.query import Query

EVERYTHING = Query()
"""All rows, all fields."""


@dataclass(frozen=True, slots=True)
class Request:
    """One action on a collection.

    ``selector`` says which items are written, if neither ``id`` nor ``ids`` does, and ``query``
    which are read, or how those that were written are shown.
    """

    action: Action
    collection: Collection
    rights: Rights
    id: Key | None = None
    ids: tuple[Key, ...] | None = None
    data: Any = None
    query: Query = EVERYTHING
    selector: Query | None = None

    @property
    def by_key(self) -> bool:
        """Whether keys say which items it is for; an empty one says nothing."""
        return bool(self.id) or self.ids is not None

    def permission(self, action: Action | None = None) -> Permission:
        """Return what the request, or another ``action`` on its way, may touch.

        Raises:
            DirectusError: FORBIDDEN, for nothing at all.
        """
        found = self.rights.permission(self.collection.name, action or self.action)
        if found is None:
            raise forbidden_collection(self.collection.name)
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a request. ``error`` tells that what was written could not be read back."""

    data: Any = None
    meta: dict[str, int] | None = None
    events: tuple[Event, ...] = ()
    error: DirectusError | None = None
