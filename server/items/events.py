"""What happens to items, and what a subscriber is shown of it. No I/O."""

from dataclasses import dataclass, field
from typing import Any

from server.project import Action
from server.query.permission import Reading
from server.query.query import Query

Key = str | int | float


@dataclass(frozen=True, slots=True)
class Event:
    """One change in a collection. ``keys`` have the JSON types that the author used."""

    collection: str
    action: Action
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class View:
    """One way to show an event: equal for subscribers with the same query who may read the same.

    ``reading`` is None for those who may read nothing of the collection.
    """

    event: Event
    query: Query
    reading: Reading | None
    item: str | None
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Compute the hash once: a view is looked up for each of its subscribers."""
        parts = (self.event, self.query, self.reading, self.item)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        """Return the hash."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Payload:
    """The result of reading a view: rows, one row or keys; and counts if the query wants them."""

    data: Any
    meta: dict[str, int] | None = None
