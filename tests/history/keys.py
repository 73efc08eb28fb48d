"""Collections with every sort of key, and what is promised of them over cuts."""

import asyncio
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from directus_realtime import RealtimeClient, Subscription, SubscriptionMessage

from tests.behaviours.context import States
from tests.history.checker import check, explain
from tests.history.events import Acknowledged, Delivered, Invoked, Stored, Subscribed
from tests.history.recorder import Recorder
from tests.support import plain_http
from tests.support.client import client
from tests.support.proxy import TcpProxy

CUTS = 3
CREATES = 60
SIZES = (985, 5_000)
"""How many rows there are before: fewer than recovery reads at a time, and many more."""
_BATCH = 250  # rows in a request; those of one request share their date_created


@dataclass(frozen=True)
class Keyed:
    """A collection, and how one subscribes to it so that nothing is lost.

    Attributes:
        collection: its name.
        key: the name of its primary key.
        kind: Directus' type of that.
        special: what makes a key that the client leaves out, besides the database.
        brings_key: whether the client makes the key.
        recover: what ``subscribe`` is given as ``recover``; empty, it is left out.
    """

    collection: str
    key: str
    kind: str
    special: str = ""
    brings_key: bool = False
    recover: str = ""

    def row(self, text: str) -> dict[str, Any]:
        """Return a new row."""
        own = {self.key: str(uuid.uuid4())} if self.brings_key else {}
        return {"text": text, **own}


_DATE = "date_created"
KEYED = {
    "integer": Keyed("integers", "id", "integer"),
    "big integer": Keyed("big_integers", "id", "bigInteger"),
    "uuid": Keyed("uuids", "id", "uuid", "uuid", recover=_DATE),
    "string": Keyed("strings", "id", "string", brings_key=True, recover=_DATE),
    "named otherwise": Keyed("numbered", "num", "integer"),
    "named otherwise, and recover too": Keyed("counted", "num", "integer", recover="num"),
}


@dataclass(frozen=True)
class Place:
    """A project with these collections, the way to it that is cut, and a token for all of it."""

    url: str
    proxy: TcpProxy
    token: str


def project(token: str) -> str:
    """Return the embedded server's project with these collections."""
    parts = [
        "[policies.All]\nadmin = true\n"
        f'[[users]]\nemail = "admin@example.com"\ntoken = "{token}"\npolicies = ["All"]\n'
    ]
    for each in KEYED.values():
        special = f', special = "{each.special}"' if each.special else ""
        parts.append(
            f"[collections.{each.collection}.fields]\n"
            f'{each.key} = {{ type = "{each.kind}", primary = true{special} }}\n'
            'date_created = { type = "timestamp", special = "date-created" }\n'
            'text = { type = "text" }\n'
        )
    return "\n".join(parts)


def make_on_directus(admin: httpx.Client) -> None:
    """Make these collections on a real Directus."""
    for each in KEYED.values():
        counts = each.kind in ("integer", "bigInteger")
        fields = [
            {
                "field": each.key,
                "type": each.kind,
                "meta": {"special": [each.special] if each.special else None},
                "schema": {"is_primary_key": True, "has_auto_increment": counts},
            },
            {
                "field": "date_created",
                "type": "timestamp",
                "meta": {"special": ["date-created"]},
                "schema": {},
            },
            {"field": "text", "type": "text", "meta": {}, "schema": {}},
        ]
        body = {"collection": each.collection, "meta": {}, "schema": {}, "fields": fields}
        admin.post("/collections", json=body).raise_for_status()


def check_over_cuts(place: Place, keyed: Keyed) -> None:
    """Create sixty items over three cuts, at each size: each is delivered exactly once."""
    headers = {"Authorization": f"Bearer {place.token}"}
    with plain_http.client(base_url=place.url, headers=headers, timeout=60) as http:
        for size in SIZES:
            _fill(http, keyed, size)
            recorder = Recorder()
            asyncio.run(asyncio.wait_for(_create_over_cuts(place, keyed, size, recorder), 120))
            for row in _rows(http, keyed, f"new {size} "):
                recorder.record(Stored(row["text"], row[keyed.key]))
            history = recorder.history()
            violations = check(history)
            assert not violations, f"at {size} rows: {explain(history, violations)}"
            assert recorder.count()["stored"] == CREATES + 1


def _fill(http: httpx.Client, keyed: Keyed, size: int) -> None:
    """Create old rows until there are so many."""
    there = len(_rows(http, keyed, ""))
    while there < size:
        rows = [keyed.row(f"old {there + n}") for n in range(min(_BATCH, size - there))]
        http.post(f"/items/{keyed.collection}", json=rows).raise_for_status()
        there += len(rows)


def _rows(http: httpx.Client, keyed: Keyed, begins: str) -> list[dict[str, Any]]:
    query = {"limit": "-1", "fields": f"{keyed.key},text"}
    answer = http.get(f"/items/{keyed.collection}", params=query).raise_for_status()
    return [row for row in answer.json()["data"] if row["text"].startswith(begins)]


async def _create_over_cuts(place: Place, keyed: Keyed, size: int, recorder: Recorder) -> None:
    follower = client(place.proxy.url, place.token)
    writer = client(place.url, place.token)
    await writer.connect()
    states = States(follower)
    query = {"fields": ["text"]}
    subscribe = partial(
        follower.subscribe, keyed.collection, event="create", query=query, key=keyed.key
    )
    subscription = await (subscribe(recover=keyed.recover) if keyed.recover else subscribe())
    recorder.record(Subscribed("follower"))
    reading = asyncio.ensure_future(_read(subscription, keyed, recorder))
    half = CREATES // CUTS // 2
    try:
        for cut in range(CUTS):
            first = cut * 2 * half
            await _create(writer, keyed, size, range(first, first + half), recorder)
            place.proxy.refuse()
            place.proxy.cut()
            await states.until("waiting")
            await _create(writer, keyed, size, range(first + half, first + 2 * half), recorder)
            place.proxy.admit()
            await states.until("open")
        # What comes for these is handed over after what was missed.
        await _create(writer, keyed, size, [CREATES], recorder)
        await reading
    finally:
        reading.cancel()
        follower.disconnect()
        writer.disconnect()


async def _create(
    writer: RealtimeClient, keyed: Keyed, size: int, numbers: Any, recorder: Recorder
) -> None:
    for number in numbers:
        text = f"new {size} {number}"
        recorder.record(Invoked(text))
        row = await writer.items(keyed.collection).create(keyed.row(text))
        recorder.record(Acknowledged(text, row[keyed.key]))


async def _read(
    subscription: Subscription[SubscriptionMessage], keyed: Keyed, recorder: Recorder
) -> None:
    """Read until as many rows have come as are created, or nothing has come for a while."""
    seen = 0
    while seen <= CREATES:
        try:
            message = await asyncio.wait_for(anext(subscription), 15)
        except TimeoutError:  # what is missing, the checker says
            return
        if message["event"] == "create":
            for row in message["data"]:
                seen += 1
                recorder.record(Delivered("follower", row["text"]))
