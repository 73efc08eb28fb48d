"""The handlers of each type of message, and the replies to requests. Sans-I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.config import MAX_SUBSCRIPTIONS, MAX_UID_LENGTH
from server.errors import (
    DirectusError,
    forbidden,
    forbidden_collection,
    internal_error,
    invalid_payload,
    invalid_query,
    limit_exceeded,
)
from server.frames import check_items, check_subscribe, error_frame, frame
from server.items.request import EVERYTHING, ItemsRequest, Outcome
from server.project import Collection, Project
from server.query.filters import DynamicVariables
from server.query.query import Limits, Query, read_query, shared
from server.query.tree import touched
from server.realtime.hub import Hub, Subscriber, Subscription
from server.websocket.effects import (
    Close,
    Effect,
    Failure,
    Note,
    Perform,
    Send,
    StartSubscription,
    Uid,
)

Message = dict[str, Any]

# Directus looks a collection up in an object, where JavaScript finds these names, and then fails
# without a reply.
_INHERITED = {"constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty"}
_INHERITED |= {"isPrototypeOf", "propertyIsEnumerable", "__proto__", "__defineGetter__"}
_INHERITED |= {"__defineSetter__", "__lookupGetter__", "__lookupSetter__"}

_ERROR_TYPES = {"items": "items", "subscribe": "subscribe", "unsubscribe": "subscribe"}
"""The type of the error frame of each type of message; "server" for all others."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Handles messages. ``today`` returns the time for ``$NOW``; ``heartbeat`` answers pings."""

    project: Project
    hub: Hub
    limits: Limits
    today: Callable[[], datetime]
    heartbeat: bool

    def handle(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        """Handle a message of any type but auth. An unexpected exception is answered, too."""
        try:
            return self._handle(subscriber, message)
        except Exception as error:
            uid = message.get("uid")
            if message["type"] == "subscribe":
                uid = _as_text(uid)
            type_ = _ERROR_TYPES.get(message["type"], "server")
            return [Failure(error), *_refused(type_, internal_error(), uid)]

    def _handle(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        uid: Uid = message.get("uid")
        match message["type"]:
            case "ping" if self.heartbeat:
                return [Send(frame(uid, type="pong"))]
            case "subscribe":
                return self._subscribe(subscriber, message)
            case "unsubscribe":
                self.hub.remove(subscriber, _as_text(uid))
                return [Send(frame(uid, type="subscription", event="unsubscribe"))]
            case "items":
                return self._items(subscriber, message)
            case "collab":
                return _collab(message)
            case other:
                return [Note(f"ignored a message of type {other[:50]!r}")]

    def answer(
        self, work: Perform | StartSubscription, result: Outcome | DirectusError
    ) -> list[Effect]:
        """Return the reply to ``work``. A subscription whose init has rows starts here."""
        try:
            return self._answer(work, result)
        except Exception as error:
            return [Failure(error), *self._answer(work, internal_error())]

    def _answer(
        self, work: Perform | StartSubscription, result: Outcome | DirectusError
    ) -> list[Effect]:
        if isinstance(work, StartSubscription):
            return self._subscribed(work.subscription, result)
        if isinstance(result, DirectusError):
            return _refused("items", result, work.uid)
        if result.error is not None:
            return _refused("items", result.error, work.uid)
        return [Send(frame(work.uid, type="items", **_body(result)))]

    def _subscribed(
        self, subscription: Subscription, result: Outcome | DirectusError
    ) -> list[Effect]:
        if isinstance(result, DirectusError):
            return _refused("subscribe", result, subscription.uid)
        if self.hub.held_by(subscription.subscriber) >= MAX_SUBSCRIPTIONS:
            return _refused("subscribe", limit_exceeded("Subscriptions"), subscription.uid)
        init = frame(subscription.uid, type="subscription", event="init", **_body(result))
        self.hub.add(subscription)
        return [Send(init)]

    def _subscribe(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        try:
            check_subscribe(message)
        except DirectusError as error:
            return [Send(error_frame("subscribe", error))]
        uid = _as_text(message.get("uid"))
        event, item = message.get("event"), _as_text(message.get("item"))
        try:
            collection = self._collection(message["collection"])
            query = shared(self._query(subscriber, message.get("query")) or EVERYTHING)
            if uid is not None and len(uid) > MAX_UID_LENGTH:
                raise invalid_payload(f'"uid" is longer than {MAX_UID_LENGTH} characters')
            if item == "" and event is None:
                raise forbidden()  # no item has this key; in a request for items, it would be none
        except DirectusError as error:
            return _refused("subscribe", error, uid)
        if uid is not None:
            self.hub.remove(subscriber, uid)
        if self.hub.held_by(subscriber) >= MAX_SUBSCRIPTIONS:
            return _refused("subscribe", limit_exceeded("Subscriptions"), uid)
        subscription = Subscription(
            subscriber, collection.name, query, event, item, uid, touched(query, collection)[1:]
        )
        if event is None:
            request = ItemsRequest(
                "read",
                collection,
                subscriber.accountability,
                id=item,
                query=query,
                client=subscriber,
                listed=True,
            )
            return [StartSubscription(request, subscription)]
        self.hub.add(subscription)
        return [Send(frame(uid, type="subscription", event="init"))]

    def _items(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        uid = message.get("uid")
        try:
            check_items(message)
            if message["collection"].startswith("directus_"):
                words = "Cannot trigger an action on a system collection."
                raise DirectusError("INVALID_COLLECTION", words, status=400)
            request = self._request(subscriber, message)
        except DirectusError as error:
            return _refused("items", error, uid)
        return [Perform(request, uid)]

    def _request(self, subscriber: Subscriber, message: Message) -> ItemsRequest:
        # A create ignores keys, so they are not checked either.
        keyed = message if message["action"] != "create" else {}
        key, ids = keyed.get("id"), keyed.get("ids")
        collection = self._collection(message["collection"])
        query = self._query(subscriber, message.get("query"))
        # The reply to an update by key has the whole item.
        shown = None if message["action"] == "update" and key else query
        return ItemsRequest(
            message["action"],
            collection,
            subscriber.accountability,
            id=key,
            ids=None if ids is None else tuple(ids),
            data=message.get("data"),
            query=shown or EVERYTHING,
            selector=query,
            client=subscriber,
        )

    def _collection(self, name: str) -> Collection:
        collection = self.project.by_name.get(name)
        if collection is None:
            error = forbidden_collection(name)
            error.silent = name in _INHERITED
            raise error
        return collection

    def _query(self, subscriber: Subscriber, raw: Any) -> Query | None:
        if raw is None:
            return None
        if not isinstance(raw, dict):
            raise invalid_query("The query is not an object", silent=not isinstance(raw, list))
        variables = DynamicVariables(subscriber.accountability.user, self.today())
        return read_query(raw, variables, self.limits)


def _collab(message: Message) -> list[Effect]:
    words = 'Service "collab" is unavailable. Collaborative editing is disabled.'
    code, trigger = "SERVICE_UNAVAILABLE", message.get("action")
    text = frame(action="error", type="collab", code=code, trigger=trigger, message=words)
    return [Send(text), Close()]


def _refused(type_: str, error: DirectusError, uid: Uid) -> list[Effect]:
    if error.silent:
        return [Note(f"{type_}: {error.code}, without a reply: {error.logged}")]
    return [Send(error_frame(type_, error, uid))]


def _body(outcome: Outcome) -> dict[str, Any]:
    counts = {} if outcome.meta is None else {"meta": outcome.meta}
    return {"data": outcome.data, **counts}


def _as_text(value: Uid) -> str | None:
    return None if value is None else str(value)
