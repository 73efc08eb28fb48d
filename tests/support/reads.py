"""What live views have asked for, as a wiretap has recorded it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from directus_realtime import Live, RealtimeClient

from tests.support.client import connected
from tests.support.embedded import Embedded
from tests.support.wiretap import Wiretap, wiretap

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
        given, asked = query.get("fields"), read.get("fields") or []
        return ORDER if asked[:1] == ["id"] and asked != given else ALL
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


@asynccontextmanager
async def tapped(server: Embedded) -> AsyncIterator[tuple[Wiretap, RealtimeClient]]:
    """A client whose frames are recorded, on a collection without rows."""
    async with wiretap(server.url) as tap:
        directus = await connected(tap.url)
        left = await directus.items("messages").read({"fields": ["id"], "limit": -1})
        if left:
            await directus.items("messages").delete(ids=[row["id"] for row in left])
        tap.sent.clear()
        yield tap, directus
        directus.disconnect()


async def made(directus: RealtimeClient, *texts: str | None, user: str = "Ben") -> list[int]:
    rows = [{"text": text, "user": user} for text in texts]
    return [row["id"] for row in await directus.items("messages").create(rows)]


async def settled(directus: RealtimeClient, live: Live) -> None:
    """Wait until the view has read all that it knows of."""
    while live.freshness != "live":
        await directus.items("messages").read({"limit": 0}, quiet=True)


def texts(live: Live) -> list[str]:
    return [row["text"] for row in live]


async def change(live: Live) -> tuple[str, Any]:
    kind, _, row = await anext(live)
    return kind, row["text"]
