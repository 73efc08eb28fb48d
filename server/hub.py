"""Who subscribes to what, in the order they came, and whom an event concerns. Sans-I/O.

Subscribers that would be shown the same have the same ``View``: it is read and written once, and
each of them gets that text with a uid of their own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from server.access import Permission, Rights
from server.errors import DirectusError, forbidden_collection
from server.frames import error_frame, frame, with_uid
from server.project import Action
from server.query import Query

Key = str | int | float


class Subscriber(Protocol):
    """Somebody who is told of events: a session."""

    rights: Rights


@dataclass(frozen=True, slots=True)
class Event:
    """What was done to a collection. ``keys`` have the JSON types that the caller used."""

    collection: str
    action: Action
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """What a subscriber asked to be told of; ``event`` and ``item`` are None for all."""

    subscriber: Subscriber
    collection: str
    query: Query
    event: str | None = None
    item: str | None = None
    uid: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What is to be shown of an event: the same for all who ask the same and may see the same."""

    event: Event
    query: Query
    permission: Permission | None
    item: str | None
    _hash: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Compute the hash: once for a view, which is looked up once for each subscriber."""
        parts = (self.event, self.query, self.permission, self.item)
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        """Return the hash."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Shown:
    """What reading a view gave: its rows or row or keys, and the counts if they were asked for."""

    data: Any
    meta: dict[str, int] | None = None


Told = tuple[Subscriber, str]
"""A frame, and who gets it."""


class Hub:
    """All subscriptions of a server."""

    def __init__(self) -> None:
        self._by_collection: dict[str, dict[Subscription, None]] = {}
        self._by_subscriber: dict[Subscriber, dict[Subscription, None]] = {}

    @property
    def empty(self) -> bool:
        """Whether nobody subscribes to anything."""
        return not self._by_subscriber and not any(self._by_collection.values())

    def add(self, subscription: Subscription) -> None:
        """Register ``subscription`` behind those of its collection."""
        self._by_collection.setdefault(subscription.collection, {})[subscription] = None
        self._by_subscriber.setdefault(subscription.subscriber, {})[subscription] = None

    def remove(self, subscriber: Subscriber, uid: str | None = None) -> None:
        """Forget the first subscription of ``subscriber`` with this uid, or all without one."""
        own = self._by_subscriber.get(subscriber, {})
        found = [each for each in own if uid in (None, each.uid)]
        for subscription in found if uid is None else found[:1]:
            del own[subscription]
            del self._by_collection[subscription.collection][subscription]
        if not own:
            self._by_subscriber.pop(subscriber, None)

    def concerned(self, events: Sequence[Event]) -> list[tuple[Subscription, View]]:
        """Return who is shown what of ``events``, one or more of one collection.

        Subscriptions come in the order they were registered, each with its events in their order.
        """
        views = _Views()
        return [
            (subscription, views.of(subscription, event))
            for subscription in self._by_collection.get(events[0].collection, ())
            for event in events
            if subscription.event in (None, event.action) and _names_item(subscription, event)
        ]


class _Views:
    """Makes views, one for all who share the same objects: most subscribers do."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, int, str | None], View] = {}

    def of(self, subscription: Subscription, event: Event) -> View:
        query, item = subscription.query, subscription.item
        permission = subscription.subscriber.rights.permission(event.collection, "read")
        # The views keep the objects, and with them their ids.
        key = (id(event), id(query), id(permission), item)
        if key not in self._made:
            self._made[key] = View(event, query, permission, item)
        return self._made[key]


def _names_item(subscription: Subscription, event: Event) -> bool:
    # Directus keeps the item as text and compares it strictly, so a number never matches.
    item = subscription.item
    return item is None or any(isinstance(key, str) and key == item for key in event.keys)


def text_of(view: View, read: Callable[[View], Shown]) -> str | None:
    """Return the frame of a view, without uid, or None where there is nothing to tell.

    ``read`` fetches rows and counts; its DirectusError becomes the frame.
    """
    try:
        shown = _shown(view, read)
    except DirectusError as error:
        return error_frame("subscribe", error)
    if shown.data == []:
        return None
    counts = {} if shown.meta is None else {"meta": shown.meta}
    return frame(type="subscription", event=view.event.action, data=shown.data, **counts)


def _shown(view: View, read: Callable[[View], Shown]) -> Shown:
    if view.event.action == "delete":
        # Deleted keys are told to everybody, as they are: there is no row left to judge by.
        keys = list(view.event.keys) if view.item is None else view.item
        counted = view.query.meta and view.permission is not None
        return Shown(keys, read(view).meta if counted else None)
    if view.permission is None:
        raise forbidden_collection(view.event.collection)
    return read(view)


def tell(
    concerned: Iterable[tuple[Subscription, View]], texts: Mapping[View, str | None]
) -> list[Told]:
    """Return the frames for those concerned, in their order.

    Those who see the same under the same uid get one and the same text.
    """
    written: dict[tuple[View, str | None], str] = {}
    told = []
    for subscription, view in concerned:
        text = texts[view]
        if text is not None:
            key = (view, subscription.uid)
            if key not in written:
                written[key] = with_uid(text, subscription.uid)
            told.append((subscription.subscriber, written[key]))
    return told
