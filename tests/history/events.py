"""What can happen in a run, as the events of a history. A history is a sequence of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Create = str
"""A create's name: the text of its item, which no other item has."""


@dataclass(frozen=True, slots=True)
class Invoked:
    """A program asked for a create."""

    create: Create


@dataclass(frozen=True, slots=True)
class Written:
    """A client wrote the create to a socket."""

    create: Create


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The program was told that the item is stored (Jepsen's ok)."""

    create: Create
    key: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """The program was told that the item is not stored and will not be (Jepsen's fail)."""

    create: Create
    code: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The program was told that nobody knows whether the item is stored (Jepsen's info)."""

    create: Create
    code: str


@dataclass(frozen=True, slots=True)
class Expired:
    """The server refused a client's messages unread: its token had expired."""

    client: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A recovering subscription began: every create that is invoked from now on is owed to it."""

    subscriber: str


@dataclass(frozen=True, slots=True)
class Resubscribed:
    """The subscription's init came, the first one or that after a reconnect."""

    subscriber: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """A subscriber was handed an item.

    ``order`` is the value of the field by which rows are recovered, None where it is not seen.
    """

    subscriber: str
    create: Create
    order: Any = None
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A subscription ended, and nobody had asked for it."""

    subscriber: str
    why: str


@dataclass(frozen=True, slots=True)
class Injected:
    """The nemesis did something."""

    fault: str


@dataclass(frozen=True, slots=True)
class Stored:
    """At the end, after all faults, the database has an item."""

    create: Create
    key: Any


Event = (
    Invoked
    | Written
    | Acknowledged
    | Refused
    | Unknown
    | Expired
    | Subscribed
    | Resubscribed
    | Delivered
    | Ended
    | Injected
    | Stored
)
History = Sequence[Event]
