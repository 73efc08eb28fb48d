"""Which subscribers get which frames, in which order, and how often a view is read."""

import json
from collections.abc import Sequence

import pytest

from server.auth.access import Accountability
from server.errors import forbidden_fields
from server.items.events import Event, Key, Payload, View
from server.project import Action, Policy, Rule
from server.query.permission import Permission
from server.query.query import Query
from server.realtime.hub import Hub, Subscription, deliver, render

READER = (Policy("reader", (Rule("messages", "read"),)),)


class Client:
    """A subscriber; its frames land in ``received``."""

    def __init__(self, name: str, policies: tuple[Policy, ...] = READER) -> None:
        self.accountability = Accountability(name, policies)
        self.received: list[str] = []


class HubHarness:
    """A hub whose rows are made of their keys; ``reads`` counts the views that were read."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.reads = 0

    def add(self, client: Client, uid: str | None = None, **parts: object) -> None:
        query = parts.pop("query", Query())
        assert isinstance(query, Query)
        self.hub.add(Subscription(client, "messages", query, uid=uid, **parts))  # type: ignore[arg-type]

    def read(self, view: View) -> Payload:
        self.reads += 1
        if view.query.fields == ("nofield",):
            raise forbidden_fields(["nofield"], "messages")
        data = [{"id": key} for key in view.event.keys if key != 13]
        counts = {"total_count": 3} if view.query.meta else None
        return Payload(data if view.item is None else data[0], counts)

    def happen(self, action: Action, *keys: Key, separately: bool = False) -> Sequence[Client]:
        groups = [(key,) for key in keys] if separately else [keys]
        matches = self.hub.match([Event("messages", action, group) for group in groups])
        texts = {v: render(v, self.read) for v in dict.fromkeys(view for _, view in matches)}
        order = []
        for client, text in deliver(matches, texts):
            assert isinstance(client, Client)
            client.received.append(text)
            order.append(client)
        return order


def test_subscriptions_are_counted() -> None:
    harness, client = HubHarness(), Client("a")
    assert (harness.hub.count("messages"), harness.hub.held_by(client)) == (0, 0)
    harness.add(client, "1")
    harness.add(client)
    assert (harness.hub.count("messages"), harness.hub.held_by(client)) == (2, 2)
    harness.hub.remove(client, "1")
    assert (harness.hub.count("messages"), harness.hub.held_by(client)) == (1, 1)


def test_events_go_round_in_the_order_of_the_subscriptions() -> None:
    harness, a, b = HubHarness(), Client("a"), Client("b")
    harness.add(b, "1")
    harness.add(a, "2")
    harness.add(b, "3")
    assert harness.happen("create", 4, 5, separately=True) == [b, b, a, a, b, b]
    assert a.received == [
        '{"type":"subscription","event":"create","data":[{"id":4}],"uid":"2"}',
        '{"type":"subscription","event":"create","data":[{"id":5}],"uid":"2"}',
    ]


def test_what_many_see_alike_is_read_and_written_once() -> None:
    harness = HubHarness()
    clients = [Client(str(number)) for number in range(100)]
    for client in clients:
        harness.add(client, client.accountability.user)
    harness.happen("create", 1)
    assert harness.reads == 1
    assert [json.loads(client.received[0])["uid"] for client in clients] == [
        client.accountability.user for client in clients
    ]


def test_who_asks_the_same_under_the_same_uid_is_told_one_text() -> None:
    harness, query = HubHarness(), Query(("id",))
    alike, other = [Client("a"), Client("b")], Client("c")
    for client in alike:
        harness.add(client, "1", query=query)
    harness.add(other, "2", query=Query(("id",)))
    harness.happen("create", 1)
    assert harness.reads == 1
    assert alike[0].received[0] is alike[1].received[0]
    assert other.received == [alike[0].received[0].replace('"1"', '"2"')]


def test_different_rights_and_queries_are_different_views() -> None:
    narrow = (Policy("narrow", (Rule("messages", "read", ("id",)),)),)
    harness = HubHarness()
    harness.add(Client("a"))
    harness.add(Client("b", narrow))
    harness.add(Client("c"), query=Query(("id",)))
    harness.happen("create", 1)
    assert harness.reads == 3


@pytest.mark.parametrize(
    ("event", "action", "received"),
    [
        (None, "create", 1),
        (None, "delete", 1),
        ("create", "create", 1),
        ("create", "update", 0),
        ("delete", "create", 0),
    ],
)
def test_only_the_event_that_was_asked_for(
    event: str | None, action: Action, received: int
) -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client, event=event)
    harness.happen(action, 1)
    assert len(client.received) == received


def test_no_frame_without_rows() -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client)
    harness.happen("update", 13)
    assert (harness.reads, client.received) == (1, [])


def test_deletes_reach_everybody_unread_with_the_keys_as_they_were_said() -> None:
    harness, nobody = HubHarness(), Client("nobody", ())
    harness.add(nobody, "d")
    harness.happen("delete", "1", 2)
    assert nobody.received == ['{"type":"subscription","event":"delete","data":["1",2],"uid":"d"}']
    assert harness.reads == 0


def test_deletes_are_counted_for_those_who_asked() -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client, query=Query(meta=("total_count",)))
    harness.happen("delete", 1)
    assert client.received == [
        '{"type":"subscription","event":"delete","data":[1],"meta":{"total_count":3}}'
    ]


def test_who_may_not_read_is_told_so_at_each_event() -> None:
    harness, nobody = HubHarness(), Client("nobody", ())
    harness.add(nobody, "c")
    harness.happen("create", 1)
    words = (
        'You don\'t have permission to access collection "messages" or it does not exist. '
        "Queried in root."
    )
    assert json.loads(nobody.received[0]) == {
        "type": "subscribe",
        "status": "error",
        "error": {"code": "FORBIDDEN", "message": words},
        "uid": "c",
    }


def test_a_query_that_names_nothing_is_an_error_at_each_event() -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client, "q", query=Query(("nofield",)))
    harness.happen("create", 1)
    assert json.loads(client.received[0])["error"]["code"] == "FORBIDDEN"


def test_present_rights_decide() -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client)
    client.accountability = Accountability("a", ())
    harness.happen("create", 1)
    assert json.loads(client.received[0])["status"] == "error"


@pytest.mark.parametrize(("key", "received"), [("1", 1), (1, 0), ("2", 0)])
def test_an_item_is_known_by_its_key_as_text(key: Key, received: int) -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client, "i", item="1")
    harness.happen("update", key)
    harness.happen("delete", key)
    assert (
        client.received
        == [
            '{"type":"subscription","event":"update","data":{"id":"1"},"uid":"i"}',
            '{"type":"subscription","event":"delete","data":"1","uid":"i"}',
        ][: 2 * received]
    )


def test_removing_one_of_two_with_the_same_uid() -> None:
    harness, client = HubHarness(), Client("a")
    harness.add(client, "y")
    harness.add(client, "y")
    harness.hub.remove(client, "y")
    assert len(harness.happen("create", 1)) == 1


def test_removing_all_of_one_subscriber_leaves_the_others() -> None:
    harness, a, b = HubHarness(), Client("a"), Client("b")
    for client, uid in ((a, "1"), (a, None), (b, "1")):
        harness.add(client, uid)
    harness.hub.remove(a)
    harness.hub.remove(a, "never there")
    assert harness.happen("create", 1) == [b]
    assert not harness.hub.empty
    harness.hub.remove(b)
    assert harness.hub.empty


def test_permissions_unite() -> None:
    ben = Rule("messages", "read", ("id",), {"user": {"_eq": "Ben"}})
    own = Rule("messages", "read", ("text",), {"user": {"_eq": "$CURRENT_USER"}})
    accountability = Accountability("a", (Policy("one", (ben,)), Policy("two", (own,))))
    found = accountability.permission("messages", "read")
    assert found is not None
    assert found.fields == ("id", "text")
    assert found != Accountability("b", accountability.policies).permission("messages", "read")
    assert accountability.permission("messages", "create") is None
    assert (
        Accountability("a", (Policy("admin", admin=True),)).permission("x", "delete")
        == Permission()
    )


def test_a_view_depends_on_what_its_query_leads_to_and_on_nothing_else() -> None:
    own = Rule("directus_users", "read", ("*",), {"id": {"_eq": "$CURRENT_USER"}})
    policies = (*READER, Policy("own", (own,)))
    harness, ann, bob = HubHarness(), Client("ann", policies), Client("bob", policies)
    harness.add(ann)
    harness.add(bob)
    harness.happen("create", 1)
    assert harness.reads == 1
    for client in (ann, bob):
        harness.add(client, query=Query(fields=("user.id",)), touched=("directus_users",))
    harness.happen("create", 2)
    assert harness.reads == 1 + 3, "each of them may read other users"


def test_equal_rights_along_a_relation_share_one_read() -> None:
    names = Rule("directus_users", "read", ("first_name",))
    policies = (*READER, Policy("names", (names,)))
    harness = HubHarness()
    for name in ("ann", "bob", "eve"):
        query = Query(fields=("user.first_name",))
        harness.add(Client(name, policies), query=query, touched=("directus_users",))
    harness.happen("create", 1)
    assert harness.reads == 1
