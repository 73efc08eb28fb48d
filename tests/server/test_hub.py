"""Who is told what, in which order, and how often it is read."""

import json
from collections.abc import Sequence

import pytest

from server.access import Permission, Rights
from server.errors import forbidden_fields
from server.hub import Event, Hub, Key, Shown, Subscription, View, tell, text_of
from server.project import Action, Policy, Rule
from server.query import Query

READER = (Policy("reader", (Rule("messages", "read"),)),)


class Client:
    """A subscriber; what it is told lands in ``told``."""

    def __init__(self, name: str, policies: tuple[Policy, ...] = READER) -> None:
        self.rights = Rights(name, policies)
        self.told: list[str] = []


class Board:
    """A hub whose rows are made of their keys; ``reads`` counts the views that were read."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.reads = 0

    def add(self, client: Client, uid: str | None = None, **parts: object) -> None:
        query = parts.pop("query", Query())
        assert isinstance(query, Query)
        self.hub.add(Subscription(client, "messages", query, uid=uid, **parts))  # type: ignore[arg-type]

    def read(self, view: View) -> Shown:
        self.reads += 1
        if view.query.fields == ("nofield",):
            raise forbidden_fields(["nofield"], "messages")
        data = [{"id": key} for key in view.event.keys if key != 13]
        counts = {"total_count": 3} if view.query.meta else None
        return Shown(data if view.item is None else data[0], counts)

    def happen(self, action: Action, *keys: Key, separately: bool = False) -> Sequence[Client]:
        groups = [(key,) for key in keys] if separately else [keys]
        concerned = self.hub.concerned([Event("messages", action, group) for group in groups])
        texts = {v: text_of(v, self.read) for v in dict.fromkeys(view for _, view in concerned)}
        order = []
        for client, text in tell(concerned, texts):
            assert isinstance(client, Client)
            client.told.append(text)
            order.append(client)
        return order


def test_events_go_round_in_the_order_of_the_subscriptions() -> None:
    board, a, b = Board(), Client("a"), Client("b")
    board.add(b, "1")
    board.add(a, "2")
    board.add(b, "3")
    assert board.happen("create", 4, 5, separately=True) == [b, b, a, a, b, b]
    assert a.told == [
        '{"type":"subscription","event":"create","data":[{"id":4}],"uid":"2"}',
        '{"type":"subscription","event":"create","data":[{"id":5}],"uid":"2"}',
    ]


def test_what_many_see_alike_is_read_and_written_once() -> None:
    board = Board()
    clients = [Client(str(number)) for number in range(100)]
    for client in clients:
        board.add(client, client.rights.user)
    board.happen("create", 1)
    assert board.reads == 1
    assert [json.loads(client.told[0])["uid"] for client in clients] == [
        client.rights.user for client in clients
    ]


def test_who_asks_the_same_under_the_same_uid_is_told_one_text() -> None:
    board, query = Board(), Query(("id",))
    alike, other = [Client("a"), Client("b")], Client("c")
    for client in alike:
        board.add(client, "1", query=query)
    board.add(other, "2", query=Query(("id",)))
    board.happen("create", 1)
    assert board.reads == 1
    assert alike[0].told[0] is alike[1].told[0]
    assert other.told == [alike[0].told[0].replace('"1"', '"2"')]


def test_different_rights_and_queries_are_different_views() -> None:
    narrow = (Policy("narrow", (Rule("messages", "read", ("id",)),)),)
    board = Board()
    board.add(Client("a"))
    board.add(Client("b", narrow))
    board.add(Client("c"), query=Query(("id",)))
    board.happen("create", 1)
    assert board.reads == 3


@pytest.mark.parametrize(
    ("event", "action", "told"),
    [
        (None, "create", 1),
        (None, "delete", 1),
        ("create", "create", 1),
        ("create", "update", 0),
        ("delete", "create", 0),
    ],
)
def test_only_the_event_that_was_asked_for(event: str | None, action: Action, told: int) -> None:
    board, client = Board(), Client("a")
    board.add(client, event=event)
    board.happen(action, 1)
    assert len(client.told) == told


def test_no_frame_without_rows() -> None:
    board, client = Board(), Client("a")
    board.add(client)
    board.happen("update", 13)
    assert (board.reads, client.told) == (1, [])


def test_deletes_reach_everybody_unread_with_the_keys_as_they_were_said() -> None:
    board, nobody = Board(), Client("nobody", ())
    board.add(nobody, "d")
    board.happen("delete", "1", 2)
    assert nobody.told == ['{"type":"subscription","event":"delete","data":["1",2],"uid":"d"}']
    assert board.reads == 0


def test_deletes_are_counted_for_those_who_asked() -> None:
    board, client = Board(), Client("a")
    board.add(client, query=Query(meta=("total_count",)))
    board.happen("delete", 1)
    assert client.told == [
        '{"type":"subscription","event":"delete","data":[1],"meta":{"total_count":3}}'
    ]


def test_who_may_not_read_is_told_so_at_each_event() -> None:
    board, nobody = Board(), Client("nobody", ())
    board.add(nobody, "c")
    board.happen("create", 1)
    words = (
        'You don\'t have permission to access collection "messages" or it does not exist. '
        "Queried in root."
    )
    assert json.loads(nobody.told[0]) == {
        "type": "subscribe",
        "status": "error",
        "error": {"code": "FORBIDDEN", "message": words},
        "uid": "c",
    }


def test_a_query_that_names_nothing_is_an_error_at_each_event() -> None:
    board, client = Board(), Client("a")
    board.add(client, "q", query=Query(("nofield",)))
    board.happen("create", 1)
    assert json.loads(client.told[0])["error"]["code"] == "FORBIDDEN"


def test_present_rights_decide() -> None:
    board, client = Board(), Client("a")
    board.add(client)
    client.rights = Rights("a", ())
    board.happen("create", 1)
    assert json.loads(client.told[0])["status"] == "error"


@pytest.mark.parametrize(("key", "told"), [("1", 1), (1, 0), ("2", 0)])
def test_an_item_is_known_by_its_key_as_text(key: Key, told: int) -> None:
    board, client = Board(), Client("a")
    board.add(client, "i", item="1")
    board.happen("update", key)
    board.happen("delete", key)
    assert (
        client.told
        == [
            '{"type":"subscription","event":"update","data":{"id":"1"},"uid":"i"}',
            '{"type":"subscription","event":"delete","data":"1","uid":"i"}',
        ][: 2 * told]
    )


def test_removing_one_of_two_with_the_same_uid() -> None:
    board, client = Board(), Client("a")
    board.add(client, "y")
    board.add(client, "y")
    board.hub.remove(client, "y")
    assert len(board.happen("create", 1)) == 1


def test_removing_all_of_one_subscriber_leaves_the_others() -> None:
    board, a, b = Board(), Client("a"), Client("b")
    for client, uid in ((a, "1"), (a, None), (b, "1")):
        board.add(client, uid)
    board.hub.remove(a)
    board.hub.remove(a, "never there")
    assert board.happen("create", 1) == [b]
    assert not board.hub.empty
    board.hub.remove(b)
    assert board.hub.empty


def test_permissions_unite() -> None:
    ben = Rule("messages", "read", ("id",), {"user": {"_eq": "Ben"}})
    own = Rule("messages", "read", ("text",), {"user": {"_eq": "$CURRENT_USER"}})
    rights = Rights("a", (Policy("one", (ben,)), Policy("two", (own,))))
    found = rights.permission("messages", "read")
    assert found is not None
    assert found.fields == ("id", "text")
    assert found != Rights("b", rights.policies).permission("messages", "read")
    assert rights.permission("messages", "create") is None
    assert Rights("a", (Policy("admin", admin=True),)).permission("x", "delete") == Permission()
