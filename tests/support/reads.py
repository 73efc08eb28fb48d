"""What live views have asked for, as a wiretap has recorded it."""

from typing import Any

from tests.support.wiretap import Wiretap

ALL, PART, ORDER = "all rows", "some rows", "all keys"


def reads(tap: Wiretap) -> list[dict[str, Any]]:
    """Return the queries of the reads that were sent, without those of `settled`."""
    sent = [message for message in tap.sent if message.get("action") == "read"]
    return [message["query"] for message in sent if message["query"] != {"limit": 0}]


def kinds(tap: Wiretap, query: dict[str, Any]) -> list[str]:
    """Return what each read was, of the views of one query."""
    return [kind_of(read, query) for read in reads(tap)]


def kind_of(read: dict[str, Any], query: dict[str, Any]) -> str:
    if read.get("filter") == query.get("filter"):
        return ORDER if read.get("fields") == ["id"] != query.get("fields") else ALL
    return PART


def keys_of(read: dict[str, Any]) -> list[Any]:
    """Return the keys that a read of some rows asks for."""
    rules = read["filter"]
    asked = rules["_and"][1] if "_and" in rules else rules
    keys: list[Any] = asked["id"]["_in"]
    assert read["limit"] == len(keys)
    return keys


def subscribed(tap: Wiretap) -> list[str]:
    """Return the events that were subscribed to."""
    return [sent["event"] for sent in tap.sent if sent["type"] == "subscribe"]
