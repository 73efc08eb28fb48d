"""The types that users annotate with."""

from typing import Any, Literal, NotRequired, TypedDict

Key = int | str
"""An item's primary key."""

Keys = list[int] | list[str] | list[Key]
"""Several primary keys."""

Row = dict[str, Any]
"""An item: its fields by name, each a JSON value."""

Filter = dict[str, Any]
"""Directus' filter rules, as in `{"user": {"_eq": "Ben"}}`."""

Query = dict[str, Any]
"""Which rows and fields, in Directus' words.

The keys are `fields`, `filter`, `search`, `sort`, `limit`, `offset`, `page`, `deep`, `alias`,
`aggregate` and `groupBy`; others are sent unchanged.
"""

EventName = Literal["create", "update", "delete"]
"""The kind of event that a subscription can be limited to."""

AuthMode = Literal["handshake", "strict", "public"]
"""How a connection authenticates, as Directus' WEBSOCKETS_REST_AUTH is set."""

State = Literal[
    "closed",
    "connecting",
    "authenticating",
    "open",
    "reauthenticating",
    "waiting",
    "needs sign-in",
    "failed",
]
"""What the connection is doing."""

Freshness = Literal["loading", "catching up", "live", "stale"]
"""How complete the messages are that a program has got.

`loading`: nothing has come yet. `catching up`: missed rows are being read. `live`: nothing is
known to be missing. `stale`: something may be missing.
"""

ChangeKind = Literal["enter", "update", "leave"]
"""How a row of a live view has changed."""


class Unset:
    """The type of `UNSET`."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET = Unset()
"""The default of an argument for which None has a meaning of its own."""

Since = list[Row] | Key | float | None | Unset
"""Where recovery begins: the rows that were just read, a value of the recover field, or None for
the beginning of the collection. `UNSET`, the default, begins now."""


class InitMessage(TypedDict):
    """The first message of a subscription, and the first after each reconnect.

    `data` has the rows of the query if the subscription names no event.
    """

    type: Literal["subscription"]
    event: Literal["init"]
    uid: str
    data: NotRequired[list[Row]]
    meta: NotRequired[dict[str, Any]]


class CreateMessage(TypedDict):
    """Rows that were created. `recovered` is present, and True, if they had been missed."""

    type: Literal["subscription"]
    event: Literal["create"]
    uid: str
    data: list[Row]
    meta: NotRequired[dict[str, Any]]
    recovered: NotRequired[Literal[True]]


class UpdateMessage(TypedDict):
    """Rows that were changed, as they are now."""

    type: Literal["subscription"]
    event: Literal["update"]
    uid: str
    data: list[Row]
    meta: NotRequired[dict[str, Any]]


class DeleteMessage(TypedDict):
    """The keys of rows that were deleted."""

    type: Literal["subscription"]
    event: Literal["delete"]
    uid: str
    data: list[Key]
    meta: NotRequired[dict[str, Any]]


SubscriptionMessage = InitMessage | CreateMessage | UpdateMessage | DeleteMessage
"""A message of a subscription, a dict as Directus sent it; `message["event"]` tells which."""


class Stats(TypedDict):
    """Counts and times of a realtime client.

    `sent` and `received` count frames; `reconnects` how often the connection came back;
    `recovered` rows that were missed and read afterwards; `buffered` messages that wait for the
    connection or for a consumer; `pending` requests without a result. `stale_since` is in seconds
    since 1970, None while all is live; `round_trip` the seconds of the last ping, None before one.
    """

    sent: int
    received: int
    reconnects: int
    recovered: int
    buffered: int
    pending: int
    stale_since: float | None
    round_trip: float | None


class InspectedSubscription(TypedDict):
    """One subscription. `mark` is the highest value of its recover field among the rows it knows.

    `event` is None for all events; `recovered` counts rows, `buffered` messages not read yet.
    """

    uid: str
    collection: str
    event: str | None
    state: str
    freshness: Freshness
    mark: Key | float | None
    recovered: int
    buffered: int


class InspectedRequest(TypedDict):
    """A message that waits for the connection, or a request that waits for its answer.

    It is given up in `expires_in` seconds; None never gives it up.
    """

    uid: str | None
    what: str
    waits_for: Literal["connection", "answer"]
    expires_in: float | None


class InspectedFrame(TypedDict):
    """A frame, cut at 2,000 characters, with stars for its secrets.

    `at` is in seconds since 1970. `latency` is how many seconds an answer took; None for a frame
    that answers nothing that was recorded.
    """

    direction: Literal["sent", "received"]
    at: float
    latency: float | None
    text: str


class Inspection(TypedDict):
    """What a realtime client does at one moment.

    `reason` says why there is no connection, or why the last one was lost; `frames` are the last
    100 since the first call, the oldest first. `stale_since` and `round_trip` are those of `Stats`.
    """

    state: State
    reason: str | None
    freshness: Freshness
    stale_since: float | None
    round_trip: float | None
    subscriptions: list[InspectedSubscription]
    requests: list[InspectedRequest]
    frames: list[InspectedFrame]
