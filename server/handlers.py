"""What each type of message asks for, and how its outcome is told. Sans-I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from server.effects import Close, Effect, Failure, Note, Perform, Send, Snapshot, Uid
from server.errors import DirectusError, forbidden_collection, internal_error, invalid_query
from server.filters import Context
from server.frames import check_items, check_subscribe, error_frame, frame
from server.hub import Hub, Subscriber, Subscription
from server.project import Collection, Project
from server.query import Limits, Query, read_query
from server.request import EVERYTHING, Outcome, Request

Message = dict[str, Any]

# JavaScript looks a collection up in an object, finds these there, and then fails unheard.
_INHERITED = {"constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty"}
_INHERITED |= {"isPrototypeOf", "propertyIsEnumerable", "__proto__", "__defineGetter__"}
_INHERITED |= {"__defineSetter__", "__lookupGetter__", "__lookupSetter__"}

_ERROR_TYPES = {"items": "items", "subscribe": "subscribe", "unsubscribe": "subscribe"}
"""The type of the error frame of each type of message; "server" for all others."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """The messages that a server understands. ``today`` is asked for ``$NOW`` alone."""

    project: Project
    hub: Hub
    limits: Limits
    today: Callable[[], datetime]
    heartbeat: bool

    def handle(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        """Return what a message of any type but auth asks for."""
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

    def answer(self, work: Perform | Snapshot, result: Outcome | DirectusError) -> list[Effect]:
        """Tell what came of ``work``. A subscription that starts with rows starts only now."""
        try:
            return self._answer(work, result)
        except Exception as error:
            return [Failure(error), *self._answer(work, internal_error())]

    def _answer(self, work: Perform | Snapshot, result: Outcome | DirectusError) -> list[Effect]:
        if isinstance(work, Snapshot):
            return self._subscribed(work.subscription, result)
        if isinstance(result, DirectusError):
            return _refused("items", result, work.uid)
        if result.error is not None:
            return _refused("items", result.error, work.uid)
        return [Send(frame(work.uid, type="items", **_shown(result)))]

    def _subscribed(
        self, subscription: Subscription, result: Outcome | DirectusError
    ) -> list[Effect]:
        if isinstance(result, DirectusError):
            return _refused("subscribe", result, subscription.uid)
        init = frame(subscription.uid, type="subscription", event="init", **_shown(result))
        self.hub.add(subscription)
        return [Send(init)]

    def _subscribe(self, subscriber: Subscriber, message: Message) -> list[Effect]:
        try:
            check_subscribe(message)
        except DirectusError as error:
            return [Send(error_frame("subscribe", error))]
        uid = _as_text(message.get("uid"))
        try:
            collection = self._collection(message["collection"])
            query = self._query(subscriber, message.get("query")) or EVERYTHING
        except DirectusError as error:
            return _refused("subscribe", error, uid)
        if uid is not None:
            self.hub.remove(subscriber, uid)
        event, item = message.get("event"), _as_text(message.get("item"))
        subscription = Subscription(subscriber, collection.name, query, event, item, uid)
        if event is None:
            request = Request("read", collection, subscriber.rights, id=item, query=query)
            return [Snapshot(request, subscription)]
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

    def _request(self, subscriber: Subscriber, message: Message) -> Request:
        # A create has no use for keys, and so they are not checked either.
        keyed = message if message["action"] != "create" else {}
        key, ids = keyed.get("id"), keyed.get("ids")
        collection = self._collection(message["collection"])
        query = self._query(subscriber, message.get("query"))
        # An item that is updated by its key is shown whole.
        shown = None if message["action"] == "update" and key else query
        return Request(
            message["action"],
            collection,
            subscriber.rights,
            id=key,
            ids=None if ids is None else tuple(ids),
            data=message.get("data"),
            query=shown or EVERYTHING,
            selector=query,
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
        if not isinstance(raw, dict | list):
            raise invalid_query("The query is no object", silent=True)
        context = Context(subscriber.rights.user, self.today())
        return read_query(raw if isinstance(raw, dict) else {}, context, self.limits)


def _collab(message: Message) -> list[Effect]:
    words = 'Service "collab" is unavailable. Collaborative editing is disabled.'
    code, trigger = "SERVICE_UNAVAILABLE", message.get("action")
    text = frame(action="error", type="collab", code=code, trigger=trigger, message=words)
    return [Send(text), Close()]


def _refused(type_: str, error: DirectusError, uid: Uid) -> list[Effect]:
    if error.silent:
        return [Note(f"{type_}: {error.code}, without a reply: {error.message}")]
    return [Send(error_frame(type_, error, uid))]


def _shown(outcome: Outcome) -> dict[str, Any]:
    counts = {} if outcome.meta is None else {"meta": outcome.meta}
    return {"data": outcome.data, **counts}


def _as_text(value: Uid) -> str | None:
    return None if value is None else str(value)
