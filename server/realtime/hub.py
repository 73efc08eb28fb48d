"""The subscriptions of a server, and which of them an event matches. Sans-I/O.

Subscribers with the same query who may read the same have the same ``View``. It is read and
serialised once, and each of them gets that text with their own uid.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.auth.access import Accountability
from server.errors import DirectusError, forbidden_collection
from server.frames import error_frame, frame, with_uid, written
from server.items.events import Event, Payload, View
from server.query.permission import Reading
from server.query.query import Query


class Subscriber(Protocol):
    """The owner of subscriptions: a session."""

    accountability: Accountability


@dataclass(frozen=True, slots=True, eq=False)
class Subscription:
    """One subscription; ``event`` and ``item`` are None for all.

    ``touched`` are the collections that the query leads to besides its own.
    """

    subscriber: Subscriber
    collection: str
    query: Query
    event: str | None = None
    item: str | None = None
    uid: str | None = None
    touched: tuple[str, ...] = ()


Match = tuple[Subscription, View]
"""A subscription that an event matches, and what it is shown of the event."""

Delivery = tuple[Subscriber, str]
"""A frame and its recipient."""


class Hub:
    """All subscriptions of a server, in the order of their registration."""

    def __init__(self) -> None:
        self._by_collection: dict[str, dict[Subscription, None]] = {}
        self._by_subscriber: dict[Subscriber, dict[Subscription, None]] = {}

    @property
    def empty(self) -> bool:
        """Whether there are no subscriptions."""
        return not self._by_subscriber and not any(self._by_collection.values())

    def count(self, collection: str) -> int:
        """Return the number of subscriptions to ``collection``."""
        return len(self._by_collection.get(collection, ()))

    def held_by(self, subscriber: Subscriber) -> int:
        """Return the number of subscriptions of ``subscriber``."""
        return len(self._by_subscriber.get(subscriber, ()))

    def add(self, subscription: Subscription) -> None:
        """Register ``subscription`` as the last of its collection."""
        self._by_collection.setdefault(subscription.collection, {})[subscription] = None
        self._by_subscriber.setdefault(subscription.subscriber, {})[subscription] = None

    def remove(self, subscriber: Subscriber, uid: str | None = None) -> None:
        """Remove the first subscription of ``subscriber`` with this uid; without uid, all."""
        own = self._by_subscriber.get(subscriber, {})
        found = [each for each in own if uid in (None, each.uid)]
        for subscription in found if uid is None else found[:1]:
            del own[subscription]
            del self._by_collection[subscription.collection][subscription]
        if not own:
            self._by_subscriber.pop(subscriber, None)

    def match(self, events: Sequence[Event]) -> list[Match]:
        """Return the subscriptions that ``events``, at least one and of one collection, match.

        Subscriptions come in the order of their registration, each with its events in their order.
        """
        views = _Views()
        return [
            (subscription, views.of(subscription, event))
            for subscription in self._by_collection.get(events[0].collection, ())
            for event in events
            if subscription.event in (None, event.action) and _names_item(subscription, event)
        ]


class _Views:
    """Makes one view for all subscriptions that share the same objects, as most do."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, int, str | None], View] = {}

    def of(self, subscription: Subscription, event: Event) -> View:
        query, item = subscription.query, subscription.item
        accountability = subscription.subscriber.accountability
        reading: Reading | None = None
        if accountability.permission(event.collection, "read") is not None:
            reading = accountability.reading((event.collection, *subscription.touched))
        # The views keep the objects alive, so their ids stay unique.
        key = (id(event), id(query), id(reading), item)
        if key not in self._made:
            self._made[key] = View(event, query, reading, item)
        return self._made[key]


def _names_item(subscription: Subscription, event: Event) -> bool:
    # Directus keeps the item as text and compares it strictly, so a number never matches.
    item = subscription.item
    return item is None or any(isinstance(key, str) and key == item for key in event.keys)


def render(view: View, read: Callable[[View], Payload]) -> str | None:
    """Return the frame of ``view`` without uid, or None if there is nothing to deliver.

    ``read`` reads rows and counts. If it raises a DirectusError, the frame is that error's.
    """
    try:
        payload = _payload(view, read)
    except DirectusError as error:
        return error_frame("subscribe", error)
    if payload.data == []:
        return None
    counts = {} if payload.meta is None else {"meta": payload.meta}
    data = written(payload.data)
    return frame(type="subscription", event=view.event.action, data=data, **counts)


def _payload(view: View, read: Callable[[View], Payload]) -> Payload:
    if view.event.action == "delete":
        # The keys of deleted rows go to all subscribers: no row is left to check a filter on.
        keys = list(view.event.keys) if view.item is None else view.item
        counted = view.query.meta and view.reading is not None
        return Payload(keys, read(view).meta if counted else None)
    if view.reading is None:
        raise forbidden_collection(view.event.collection)
    return read(view)


def deliver(matches: Iterable[Match], rendered: Mapping[View, str | None]) -> list[Delivery]:
    """Return the frames for ``matches``, in their order.

    Subscribers with the same view and the same uid share one text object.
    """
    texts: dict[tuple[View, str | None], str] = {}
    deliveries = []
    for subscription, view in matches:
        text = rendered[view]
        if text is not None:
            key = (view, subscription.uid)
            if key not in texts:
                texts[key] = with_uid(text, subscription.uid)
            deliveries.append((subscription.subscriber, texts[key]))
    return deliveries
