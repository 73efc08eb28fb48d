"""A request for the items of a collection, and its outcome. No I/O."""

from dataclasses import dataclass
from typing import Any

from server.auth.access import Accountability
from server.errors import DirectusError, forbidden_collection
from server.items.events import Event, Key
from server.project import Action, Collection
from server.query.permission import Permission
from server.query.query import Query

EVERYTHING = Query()
"""All rows, all fields."""


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """One action on a collection.

    ``query`` selects the items to read, or the fields of written items in the reply. ``selector``
    selects the items to write if there is neither ``id`` nor ``ids``. The requests of each
    ``client`` have their turn. The row of a singleton is ``listed`` for a subscription.
    """

    action: Action
    collection: Collection
    accountability: Accountability
    id: Key | None = None
    ids: tuple[Key, ...] | None = None
    data: Any = None
    query: Query = EVERYTHING
    selector: Query | None = None
    client: object = None
    listed: bool = False

    @property
    def by_key(self) -> bool:
        """Whether the request is for items by key; an empty key does not count."""
        return bool(self.id) or self.ids is not None

    def permission(self, action: Action | None = None) -> Permission:
        """Return what the request may touch, or another ``action`` that is part of it.

        Raises:
            DirectusError: FORBIDDEN, if that is nothing.
        """
        found = self.accountability.permission(self.collection.name, action or self.action)
        if found is None:
            raise forbidden_collection(self.collection.name)
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a request. ``error`` is set if written items may not be read back."""

    data: Any = None
    meta: dict[str, int] | None = None
    events: tuple[Event, ...] = ()
    error: DirectusError | None = None
