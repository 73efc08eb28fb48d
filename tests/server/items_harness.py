"""Performs requests on a database of its own."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from server.auth.access import Accountability
from server.items.events import Event
from server.items.request import ItemsRequest, Outcome
from server.items.service import ItemsService
from server.project import Action, Collection, Field, Policy, Project, Rule
from server.query.filters import DynamicVariables
from server.query.query import Limits, read_query
from tests.server.guide import guide

ACTIONS: tuple[Action, ...] = ("create", "read", "update", "delete")


NOTES = Collection(
    "notes",
    (
        Field("id", "uuid", special="uuid", primary=True),
        Field("title", "string", required=True),
        Field("slug", "string", unique=True),
        Field("size", "integer"),
        Field("done", "boolean"),
        Field("tags", "json"),
        Field("changed", "timestamp", special="date-updated"),
    ),
)


LABELS = Collection("labels", (Field("name", "string", primary=True), Field("text", "text")))


PROFILE = Collection(
    "profile",
    (Field("id", "integer", primary=True), Field("words", "csv")),
    singleton=True,
)


PROJECT = Project((*guide("").collections, NOTES, LABELS, PROFILE), ())


NAMES = tuple(PROJECT.by_name)


EDITOR = Accountability("e", (Policy("e", tuple(Rule(n, a) for n in NAMES for a in ACTIONS)),))


POSTER = Accountability("p", guide("").users[0].policies + guide("t").users[0].policies)


WRITER = Accountability("w", (Policy("w", (Rule("messages", "create"),)),))


ADMIN = Accountability("a", (Policy("admin", admin=True),))


NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)


STAMP = "2026-01-02T03:04:05.678Z"


CODE = "6ac491a9-4955-486d-ab20-d21902c259fe"


class ItemsHarness:
    """Performs requests on a database with three messages."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.items = ItemsService(PROJECT, lambda: NOW)

    def do(
        self, action: Action, name: str = "messages", *, by: Accountability = EDITOR, **parts: Any
    ) -> Outcome:
        if "query" in parts:
            parts["query"] = read_query(parts["query"], DynamicVariables(by.user, NOW), Limits())
            parts["selector"] = parts["query"]
        if "ids" in parts:
            parts["ids"] = tuple(parts["ids"])
        request = ItemsRequest(action, PROJECT.by_name[name], by, **parts)
        with self.connection.begin_nested():
            return self.items.perform(self.connection, request)

    def texts(self) -> dict[int, str | None]:
        table = PROJECT.by_name["messages"].table
        rows = self.connection.execute(sa.select(table.c.id, table.c.text))
        return {row.id: row.text for row in rows}


def events(action: Action, *keys: tuple[Any, ...], name: str = "messages") -> tuple[Event, ...]:
    return tuple(Event(name, action, group) for group in keys)
