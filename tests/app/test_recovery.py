"""Nothing created is lost: marks, pages, what was delivered, the margin."""

from typing import Any

import pytest
from directus_realtime.core.auth import Credentials
from directus_realtime.core.catch_up import GRACE
from directus_realtime.core.events import MessageReceived, Warned
from directus_realtime.core.recovery import MARGIN, Recovery, UnusableRows, order
from directus_realtime.core.states import SubscriptionState
from directus_realtime.core.subscription import SubscriptionProtocol
from directus_realtime.errors import SubscriptionOverflow, UsageError
from directus_realtime.types import UNSET

from tests.support.timeline import AUTH_OK, Timeline, drain, error

QUERY = {"fields": ["user", "text"]}


def row(key: int) -> dict[str, Any]:
    return {"user": "Ben", "text": f"text {key}", "id": key}


def event(*keys: int) -> dict[str, Any]:
    rows = [row(key) for key in keys]
    return {"type": "subscription", "event": "create", "data": rows, "uid": "1"}


INIT = {"type": "subscription", "event": "init", "uid": "1"}


EVERY_ROW = {"_or": [{"id": {"_gt": 0}}, {"id": {"_nnull": True}}]}
"""Refused where the key has no order."""


class Table:
    """A collection that answers reads as Directus does, as far as recovery asks."""

    def __init__(self, line: Timeline, *keys: int) -> None:
        self.line = line
        self.keys = list(keys)

    def answer(self) -> list[dict[str, Any]]:
        """Answer every read that was sent; return the other messages."""
        others = []
        while sent := self.line.take():
            for message in sent:
                if message["type"] == "items":
                    data = self.read(message["query"])
                    self.line.say({"type": "items", "data": data, "uid": message["uid"]})
                else:
                    others.append(message)
        return others

    def read(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        keys = sorted(self.keys, reverse=query["sort"] == ["-id"])
        after = query.get("filter", {}).get("id", {}).get("_gt")
        rows = [row(key) for key in keys if after is None or key > after]
        return rows[: query.get("limit")]


def delivered(subscription: SubscriptionProtocol) -> list[int]:
    keys: list[int] = []
    for message in drain(subscription):
        keys += message.keys_of_data
    return keys


def begun(*keys: int, since: Any = ...) -> tuple[Timeline, Table, SubscriptionProtocol]:
    """A recovering subscription on a table that holds ``keys``: its init has come, no page yet."""
    line = Timeline()
    line.online()
    table = Table(line, *keys)
    options = {} if since is ... else {"since": since}
    subscription = line.subscribe(query=QUERY, recover="id", **options)
    table.answer()
    line.say(INIT)
    return line, table, subscription


def live(*keys: int, since: Any = ...) -> tuple[Timeline, Table, SubscriptionProtocol]:
    """A recovering subscription that has caught up, and waits for no event."""
    line, table, subscription = begun(*keys, since=since)
    table.answer()
    line.advance(GRACE)
    return line, table, subscription


def away(line: Timeline, table: Table) -> None:
    """Lose the connection, come back, subscribe and catch up."""
    line.reconnect()
    table.answer()
    line.say(INIT)
    table.answer()


def test_the_newest_keys_are_read_before_the_first_subscribe() -> None:
    line = Timeline()
    line.online()
    line.subscribe(query=QUERY, recover="id")
    (mark,) = line.take()
    assert mark["query"] == {
        "fields": ["id"],
        "filter": EVERY_ROW,
        "sort": ["-id"],
        "limit": MARGIN,
    }
    line.say({"type": "items", "data": [{"id": 7}], "uid": mark["uid"]})
    (subscribe,) = line.take()
    assert subscribe["query"] == {"fields": "user,text,id"}
    assert subscribe["uid"] == "1"


def test_rows_that_were_there_before_are_not_delivered() -> None:
    _, _, subscription = live(1, 2, 3)
    assert delivered(subscription) == []


def test_rows_that_the_caller_has_just_read_are_not_delivered_and_later_ones_are() -> None:
    _, _, subscription = live(1, 2, 3, 4, since=[row(2), row(1)])
    assert delivered(subscription) == [3, 4]


def test_since_a_value_is_after_it_and_since_none_is_from_the_beginning() -> None:
    assert delivered(live(1, 2, 3, since=2)[2]) == [3]
    assert delivered(live(1, 2, 3, since=None)[2]) == [1, 2, 3]


def test_a_row_created_between_the_init_and_the_registration_is_found() -> None:
    line = Timeline()
    line.online()
    table = Table(line, 1)
    subscription = line.subscribe(query=QUERY, recover="id")
    table.answer()
    table.keys.append(2)  # Directus has read its init and has not registered the subscription
    line.say(INIT)
    table.answer()
    line.advance(GRACE)
    assert delivered(subscription) == [2]


def test_a_row_that_is_read_before_its_event_comes_is_the_events() -> None:
    line, table, subscription = begun(1)
    table.keys.append(2)  # Directus has registered the subscription, and is late with the event
    table.answer()
    assert delivered(subscription) == []
    line.say(event(2))
    (message,) = drain(subscription)
    assert "recovered" not in message
    assert message.keys_of_data == (2,)
    line.advance(GRACE)
    assert drain(subscription) == []
    assert line.core.recovered == 0


@pytest.mark.parametrize(("event_of", "shown"), [(3, [2, 3]), (4, [2, 3, 4])])
def test_a_row_that_waits_for_its_event_comes_before_a_later_one(
    event_of: int, shown: list[int]
) -> None:
    line, table, subscription = begun(1)
    table.keys += [2, 3]
    table.answer()
    line.say(event(event_of))
    assert delivered(subscription) == shown
    line.say(event(2))
    line.advance(GRACE)
    assert delivered(subscription) == []


def test_a_row_goes_on_waiting_when_the_event_of_an_earlier_one_comes() -> None:
    line, table, subscription = begun(1)
    table.keys += [2, 3]
    table.answer()
    line.say(event(2))
    assert delivered(subscription) == [2]
    line.advance(GRACE)
    assert delivered(subscription) == [3]


@pytest.mark.parametrize("lost", ["the connection", "the subscription"])
def test_a_row_that_waits_for_its_event_is_delivered_when_none_can_come(lost: str) -> None:
    line = Timeline()
    line.online()
    table = Table(line)
    subscription = line.subscribe(query=QUERY, recover="id", since=None)
    line.say(INIT)
    table.keys.append(1)
    table.answer()
    if lost == "the connection":
        line.cut()
    else:
        line.unsubscribe(subscription)
    assert delivered(subscription) == [1]


def test_after_the_first_catching_up_nothing_waits_for_an_event() -> None:
    line, table, subscription = live(1)
    table.keys.append(2)
    away(line, table)
    assert delivered(subscription) == [2]


def test_the_handlers_see_every_frame_that_came_and_the_consumer_each_row_once() -> None:
    line, table, subscription = live(1)
    table.keys.append(2)
    away(line, table)
    line.say(event(2))
    shown = [e.message for e in line.happened(MessageReceived)][-1]
    assert shown["data"] == [{"user": "Ben", "text": "text 2"}]
    assert delivered(subscription) == [2]


def test_what_is_created_while_away_comes_once_marked_as_recovered() -> None:
    line, table, subscription = live(1)
    line.say(event(2))
    drain(subscription)
    table.keys += [2, 3, 4]
    away(line, table)
    messages = [m for m in drain(subscription) if m["event"] == "create"]
    assert messages == [
        {
            "type": "subscription",
            "event": "create",
            "data": [{"user": "Ben", "text": f"text {key}"}],
            "uid": "1",
            "recovered": True,
        }
        for key in (3, 4)
    ]
    line.say(event(4))
    assert drain(subscription) == []


def test_a_late_commit_of_a_lower_key_is_found() -> None:
    line, table, subscription = live(1, 2, 4)
    table.keys.append(3)
    away(line, table)
    assert delivered(subscription) == [3]


def test_more_rows_than_a_page_are_read_page_by_page() -> None:
    line, table, subscription = live(1)
    table.keys = list(range(1, 2 * MARGIN + 500))
    away(line, table)
    assert subscription.buffered <= MARGIN + 2  # a page, and the two inits
    assert read_all(line, table, subscription) == list(range(2, 2 * MARGIN + 500))


def test_live_events_during_catching_up_come_once() -> None:
    line, table, subscription = live(1)
    table.keys += [2, 3]
    line.reconnect()
    table.answer()
    line.say(INIT)  # the first page is asked for and not answered
    line.say(event(3))
    table.answer()
    assert delivered(subscription) == [3, 2]


def test_the_connection_may_fall_at_any_moment_of_catching_up() -> None:
    line, table, subscription = live(1)
    table.keys += [2]
    line.reconnect()
    line.say(INIT)
    line.reconnect()
    table.answer()
    line.say(INIT)
    table.answer()
    assert delivered(subscription) == [2]


def test_only_the_keys_inside_the_margin_are_remembered() -> None:
    line, _, subscription = live()
    for key in range(1, 3 * MARGIN):
        line.say(event(key))
    assert MARGIN <= subscription.remembered <= MARGIN + MARGIN // 8


def test_the_fields_that_only_recovery_wanted_are_seen_by_nobody() -> None:
    line, _, subscription = live()
    line.say(event(1))
    (message,) = [m for m in drain(subscription) if m["event"] == "create"]
    assert message["data"] == [{"user": "Ben", "text": "text 1"}]
    assert message.keys_of_data == (1,)
    assert line.happened(MessageReceived)[-1].message is message


@pytest.mark.parametrize("fields", [None, ["*"], ["id", "text"], "text,id"])
def test_fields_that_the_subscriber_asked_for_stay(fields: Any) -> None:
    query = {} if fields is None else {"fields": fields}
    recovery = Recovery(field="id", key="id", query=query, since=None)
    assert recovery.fields() == fields
    assert recovery.strip({"id": 1}) == {"id": 1}


@pytest.mark.parametrize(
    ("fields", "sent"), [("user,text", "user,text,id"), (["text"], ["text", "id"])]
)
def test_the_fields_that_recovery_needs_are_added(fields: Any, sent: Any) -> None:
    recovery = Recovery(field="id", key="id", query={"fields": fields}, since=None)
    assert recovery.fields() == sent


def test_a_row_without_the_field_is_new_and_not_remembered() -> None:
    recovery = Recovery(field="date_created", key="id", query={}, since=None)
    assert recovery.accept({"id": 1, "date_created": None})
    assert recovery.remembered == 0


def test_where_the_limit_is_refused_a_mark_may_be_a_part_of_the_collection() -> None:
    recovery = Recovery(field="id", key="id", query={}, since=UNSET)
    assert recovery.relax(("INVALID_QUERY", '"limit" must be less than 100.'))
    recovery.accept_mark([row(3), row(2)])
    recovery.begin_pages()
    assert recovery.page_query()["filter"] == {"id": {"_gt": 2}}


def test_no_since_is_told_from_since_the_beginning() -> None:
    assert repr(UNSET) == "UNSET"


def test_the_subscribers_filter_and_search_hold_for_what_is_caught_up() -> None:
    query = {"filter": '{"user":{"_eq":"Ben"}}', "search": "x", "limit": 5, "sort": ["-text"]}
    recovery = Recovery(field="id", key="id", query=query, since=9)
    assert recovery.page_query() == {
        "search": "x",
        "filter": {"_and": [{"user": {"_eq": "Ben"}}, {"id": {"_gt": 9}}]},
        "sort": ["id"],
        "limit": MARGIN,
    }


def test_rows_that_share_a_value_are_told_apart_by_key_over_pages() -> None:
    recovery = Recovery(field="date_created", key="id", query={}, since="09:00")
    page = [{"id": key, "date_created": "10:00"} for key in ("b", "a")]
    assert recovery.accept_page(page) == page
    assert recovery.page_query()["filter"] == {
        "_and": [{"date_created": {"_gte": "10:00"}}, {"id": {"_nin": ["b", "a"]}}]
    }
    assert recovery.page_query()["sort"] == ["date_created", "id"]


def test_a_server_that_refuses_the_limit_is_asked_without_one() -> None:
    line = Timeline()
    line.online()
    subscription = line.subscribe(query=QUERY, recover="id", since=[])
    line.take()
    line.say(INIT)
    (first,) = line.take()
    line.say(error("items", "INVALID_QUERY", '"limit" must be less than 100.', uid=first["uid"]))
    (second,) = line.take()
    assert "limit" not in second["query"]
    line.say({"type": "items", "data": [row(1)], "uid": second["uid"]})
    assert [message.keys_of_data for message in line.read(subscription)] == [(), (1,)]
    (third,) = line.take()
    line.say({"type": "items", "data": [], "uid": third["uid"]})
    assert line.take() == []


def test_where_the_field_cannot_be_read_it_goes_plain_and_says_so_once() -> None:
    line = Timeline()
    line.online()
    subscription = line.subscribe(query=QUERY, recover="id")
    (mark,) = line.take()
    line.say(error("items", "FORBIDDEN", "You don't.", uid=mark["uid"]))
    (subscribe,) = line.take()
    assert subscribe["query"] == {"fields": "user,text"}
    (warned,) = line.happened(Warned)
    assert 'read by "id"' in warned.text
    line.say(INIT)
    assert line.take() == []
    assert drain(subscription) == [INIT]


@pytest.mark.parametrize("reply", [error("items", "FORBIDDEN"), {"type": "items", "data": None}])
def test_where_a_page_cannot_be_read_it_goes_plain_and_stays_live(reply: dict[str, Any]) -> None:
    line, table, subscription = live(1)
    line.reconnect()
    table.answer()
    line.say(INIT)
    (page,) = line.take()
    line.say({**reply, "uid": page["uid"]})
    assert len(line.happened(Warned)) == 1
    line.say(event(2))
    assert drain(subscription)[-1]["data"] == [row(2)]
    assert subscription.state is SubscriptionState.LIVE


def test_a_read_that_is_not_answered_is_tried_again_on_a_new_connection() -> None:
    line, table, subscription = live(1)
    table.keys += [2]
    line.reconnect()
    table.answer()
    line.say(INIT)  # the first page is asked for and never answered
    line.advance(10)
    assert line.states()[-1] == "waiting"
    line.retry()
    line.take()
    line.accept()
    table.answer()
    line.say(INIT)
    table.answer()
    assert delivered(subscription) == [2]


def test_recoverys_own_messages_are_seen_by_nobody() -> None:
    line, table, _ = live(1)
    shown = len(line.happened(MessageReceived))
    away(line, table)
    types = [m.message["type"] for m in line.happened(MessageReceived)[shown:]]
    assert types == ["auth", "subscription"]


def test_digits_are_ordered_as_numbers_and_never_compared_with_text() -> None:
    assert order("9") < order("10") < order("a")
    assert order(2) < order("10") < order(10.5)


def test_live_rows_far_ahead_of_the_pages_do_not_hide_what_is_still_to_be_read() -> None:
    recovery = Recovery(field="id", key="id", query={}, since=None, margin=3)
    recovery.begin_pages()
    assert recovery.accept_page([row(1), row(2), row(3)])  # a full page: there are more
    assert all(recovery.accept(row(key)) for key in range(100, 110))  # live, meanwhile
    recovery.begin_pages()  # and then the connection fell
    assert recovery.page_query()["filter"] == {"id": {"_gt": 3}}


# A consumer that is slower than what was missed

PAGE = 10


def slow(missed: int, buffer: int) -> tuple[Timeline, Table, SubscriptionProtocol]:
    """A subscription with small pages and a small buffer that has many rows to catch up with."""
    line = Timeline()
    line.online()
    table = Table(line, *range(1, missed + 1))
    subscription = line.subscribe(query=QUERY, recover="id", since=None, limit=buffer, margin=PAGE)
    table.answer()
    line.say(INIT)
    table.answer()
    return line, table, subscription


def read_all(line: Timeline, table: Table, subscription: SubscriptionProtocol) -> list[int]:
    """Read one message after the other, while Directus answers; return the keys."""
    keys: list[int] = []
    while messages := line.read(subscription, 1):
        keys += [key for message in messages for key in message.keys_of_data]
        table.answer()
    return keys


@pytest.mark.parametrize("buffer", [1, 2, 5, 8, 40])
def test_more_missed_rows_than_the_buffer_holds_come_as_fast_as_they_are_read(buffer: int) -> None:
    line, table, subscription = slow(100, buffer)
    assert subscription.buffered == PAGE + 1  # and the init
    assert read_all(line, table, subscription) == list(range(1, 101))
    assert subscription.state is SubscriptionState.LIVE


def test_while_the_consumer_is_busy_no_page_is_asked_for_and_live_events_have_room() -> None:
    line, table, subscription = slow(100, 40)
    waiting = subscription.buffered
    line.advance(20)
    assert [message["type"] for message in line.take()] == []
    line.say(*[event(key) for key in range(101, 111)])
    assert subscription.buffered == waiting + 10
    assert sorted(read_all(line, table, subscription)) == list(range(1, 111))


def test_the_connection_may_fall_while_a_page_waits_for_the_consumer() -> None:
    line, table, subscription = slow(100, 40)
    line.reconnect()
    line.take()
    keys = [key for message in line.read(subscription) for key in message.keys_of_data]
    assert line.take() == []
    line.say(INIT)
    table.answer()
    assert keys + read_all(line, table, subscription) == list(range(1, 101))


def test_the_token_may_expire_while_a_page_waits_for_the_consumer() -> None:
    line, table, subscription = slow(100, 40)
    line.core.prepared(line.number, Credentials({"access_token": "a"}, refreshable=True))
    line.say(error("auth", "TOKEN_EXPIRED"))
    keys = [key for message in line.read(subscription) for key in message.keys_of_data]
    assert line.take() == []
    line.core.refresh(line.number, Credentials({"access_token": "b"}, refreshable=True))
    line.say(AUTH_OK)
    table.answer()
    assert keys + read_all(line, table, subscription) == list(range(1, 101))


def test_a_subscription_that_ends_while_a_page_waits_asks_for_no_more() -> None:
    line, _, subscription = slow(100, 40)
    line.unsubscribe(subscription)
    line.take()
    line.read(subscription)
    assert line.take() == []


def test_missed_rows_take_no_room_from_events_and_an_event_that_finds_none_ends_it() -> None:
    line, _, subscription = slow(100, 8)
    line.say(*[event(key) for key in range(101, 108)])  # with the init there are eight
    assert subscription.buffered == PAGE + 8
    line.say(event(108))
    *read, raised = line.read(subscription)
    assert [key for m in read for key in m.keys_of_data] == [*range(1, 11), *range(101, 108)]
    assert isinstance(raised, SubscriptionOverflow)
    assert subscription.ended


def test_one_that_is_full_when_the_connection_falls_goes_on() -> None:
    line = Timeline()
    line.online()
    table = Table(line, 1)
    subscription = line.subscribe(query=QUERY, recover="id", since=None, limit=8)
    line.say(INIT)
    table.answer()
    line.say(*[event(key) for key in range(2, 9)])  # while the first row waits for its event
    line.cut()
    assert sorted(delivered(subscription)) == list(range(1, 9))
    assert not subscription.ended


def test_however_busy_with_events_a_consumer_that_reads_catches_up() -> None:
    line, table, subscription = slow(100, 40)
    keys: list[int] = []
    for key in range(101, 301):
        line.say(event(key), event(key + 1000))
        keys += [k for message in line.read(subscription, 3) for k in message.keys_of_data]
        table.answer()
    assert set(range(1, 101)) <= set(keys)
    assert subscription.state is SubscriptionState.LIVE


# Odd rows

BIG = "9" * 5000


@pytest.mark.parametrize("value", [None, True, {}, [], [1], float("inf")])
def test_a_row_whose_key_cannot_be_compared_is_new_and_not_remembered(value: Any) -> None:
    recovery = Recovery(field="id", key="id", query={}, since=None)
    assert recovery.accept({"id": value})
    assert recovery.remembered == 0


def test_numbers_and_texts_of_every_length_are_compared() -> None:
    recovery = Recovery(field="id", key="id", query={}, since=None)
    for value in (1, "1", 2.5, BIG, "x", 2**70):
        assert recovery.accept({"id": value})
        assert not recovery.accept({"id": value})


@pytest.mark.parametrize(
    "rows",
    [[None], ["text"], [{"text": "no key"}], [{"id": None}], [{"id": {}}], [{"id": True}]],
    ids=str,
)
@pytest.mark.parametrize("marking", [True, False])
def test_where_rows_cannot_be_ordered_it_goes_plain_and_says_so(
    rows: list[Any], marking: bool
) -> None:
    line = Timeline()
    line.online()
    subscription = line.subscribe(query=QUERY, recover="id", since=UNSET if marking else None)
    if not marking:
        line.say(INIT)
    read = line.take()[-1]
    line.say({"type": "items", "data": rows, "uid": read["uid"]})
    assert not subscription.is_recovering
    assert len(line.happened(Warned)) == 1
    if marking:
        line.say(INIT)
    line.say(event(1))
    assert drain(subscription)[-1]["data"] == [row(1)]


def test_a_page_that_repeats_for_ever_is_not_read_for_ever() -> None:
    line = Timeline()
    line.online()
    subscription = line.subscribe(query=QUERY, recover="id", since=None, margin=2)
    line.say(INIT)
    line.take()
    for _ in range(2):
        uid = "directus-py:1" if subscription.awaits("directus-py:1") else "directus-py:2"
        line.say({"type": "items", "data": [row(1), row(2)], "uid": uid})
        line.read(subscription)
    assert "again and again" in line.happened(Warned)[-1].text
    assert subscription.state is SubscriptionState.LIVE


def dated(key: int, date: str = "10:00") -> dict[str, Any]:
    return {"id": key, "date_created": date}


def by_date(margin: int = 2) -> Recovery:
    recovery = Recovery(field="date_created", key="id", query={}, since=None, margin=margin)
    recovery.begin_pages()
    return recovery


def test_more_rows_than_the_margin_that_share_a_value_are_all_found() -> None:
    recovery = by_date()
    found = [key for page in ([1, 2], [3, 4], [5, 6], [7]) for key in accepted(recovery, page)]
    assert found == [1, 2, 3, 4, 5, 6, 7]
    assert recovery.accept(dated(8)), "another row of the same moment may still come"


def accepted(recovery: Recovery, keys: list[int]) -> list[int]:
    return [row["id"] for row in recovery.accept_page([dated(key) for key in keys])]


def test_rows_of_one_value_that_come_again_are_not_asked_for_for_ever() -> None:
    recovery = by_date()
    recovery.accept_page([dated(1), dated(2)])
    with pytest.raises(UnusableRows, match="again and again"):
        recovery.accept_page([dated(1), dated(2)])


def test_too_many_rows_of_one_value_are_not_listed_in_a_query() -> None:
    recovery = by_date(margin=1)
    for key in range(65):
        recovery.accept_page([dated(key)])
    with pytest.raises(UnusableRows, match="too many rows share"):
        recovery.accept_page([dated(65)])


def test_rows_that_share_a_value_and_come_live_are_remembered_within_a_bound() -> None:
    recovery = by_date(margin=2)
    for key in range(1000):
        assert recovery.accept(dated(key))
    assert recovery.remembered == 2 * 65


def test_rows_that_share_a_value_are_forgotten_together() -> None:
    recovery = by_date(margin=2)
    recovery.accept_page([])
    for key, date in ((1, "09:00"), (2, "09:00"), (3, "10:00")):
        assert recovery.accept(dated(key, date))
    assert recovery.remembered == 1


def test_rows_of_an_earlier_value_are_forgotten_while_later_pages_are_read() -> None:
    recovery = by_date()
    recovery.accept_page([dated(1, "09:00"), dated(2, "09:30")])
    recovery.accept_page([dated(3, "10:00"), dated(4, "10:00")])
    assert recovery.remembered == 2
    recovery.begin_pages()
    assert recovery.page_query()["filter"] == {"date_created": {"_gt": "09:30"}}


def test_since_rows_without_the_field_the_newest_are_read_first() -> None:
    recovery = Recovery(field="id", key="id", query={}, since=[{"text": "a"}])
    assert recovery.needs_mark
    assert not Recovery(field="id", key="id", query={}, since=[]).needs_mark


@pytest.mark.parametrize(
    "fields", ["text, id", ["text,id"], ["text, id "], ["*.*"], ["*", "author.*"], "id"]
)
def test_the_subscribers_own_key_is_left_to_it_however_it_was_named(fields: Any) -> None:
    recovery = Recovery(field="id", key="id", query={"fields": fields}, since=None)
    assert recovery.strip({"id": 1}) == {"id": 1}
    assert recovery.fields() == fields


def test_a_filter_that_is_no_json_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="A filter is a dict, or JSON text"):
        Recovery(field="id", key="id", query={"filter": "{nonsense"}, since=None)


def test_after_a_fall_in_the_middle_of_a_page_a_smaller_one_is_asked_for() -> None:
    line, table, subscription = live(1)
    table.keys = list(range(1, 400))
    limits: list[int] = []
    for _ in range(3):
        line.reconnect()
        table.answer() if not limits else line.take()
        line.say(INIT)
        limits.append(line.take()[-1]["query"]["limit"])
    assert limits == [MARGIN, MARGIN // 4, MARGIN // 16]
    line.reconnect()
    line.take()
    line.say(INIT)
    assert sorted(read_all_pages(line, table, subscription)) == list(range(2, 400))
    line.reconnect()
    line.take()
    line.say(INIT)
    assert line.take()[-1]["query"]["limit"] == MARGIN


def read_all_pages(line: Timeline, table: Table, subscription: SubscriptionProtocol) -> list[int]:
    table.answer()
    return read_all(line, table, subscription)


@pytest.mark.parametrize("since", [UNSET, None, [], [row(1)]], ids=["marked", "all", "none", "row"])
def test_a_key_without_an_order_is_told_at_the_first_subscribe(since: Any) -> None:
    line = Timeline()
    line.online()
    line.subscribe(query=QUERY, recover="id", since=since)
    if since is not UNSET:
        line.say(INIT)
    read = line.take()[-1]
    assert "_gt" in str(read["query"]["filter"])
    refusal = '"uuid" field type does not contain the "_gt" filter operator.'
    line.say(error("items", "INVALID_QUERY", refusal, uid=read["uid"]))
    (warned,) = line.happened(Warned)
    assert refusal in warned.text
    assert 'recover="date_created"' in warned.text
    assert "items" not in [message["type"] for message in line.take()]


def test_before_the_first_page_nothing_that_comes_live_is_forgotten() -> None:
    recovery = Recovery(field="id", key="id", query={}, since=None, margin=3)
    recovery.begin_pages()
    assert all(recovery.accept(row(key)) for key in range(10))
    assert recovery.remembered == 10


# What a reader with fresh eyes found


def test_a_burst_of_events_before_a_page_hides_none_of_its_rows() -> None:
    line, table, subscription = live()
    table.keys = list(range(1, 1001))
    line.reconnect()
    line.say(INIT)
    (read,) = [message for message in line.take() if message["type"] == "items"]
    for key in range(1001, 2101):
        line.say(event(key))
    line.say({"type": "items", "data": table.read(read["query"]), "uid": read["uid"]})
    keys = [key for message in line.read(subscription) for key in message.keys_of_data]
    table.keys = list(range(1, 2101))
    keys += read_all_pages(line, table, subscription)
    assert sorted(keys) == list(range(1, 2101))


def test_an_event_of_an_old_key_is_delivered_though_its_place_was_passed() -> None:
    line, _, subscription = live(since=500)
    line.say(event(400))
    assert delivered(subscription) == [400]


def test_an_event_that_comes_long_after_its_page_is_not_delivered_twice() -> None:
    line, table, subscription = live()
    table.keys = list(range(1, 2 * MARGIN + 500))
    away(line, table)
    read_all(line, table, subscription)
    line.say(event(3))
    assert delivered(subscription) == []


@pytest.mark.parametrize("since", [{}, (1,), [1], ["u"], float("nan"), True], ids=str)
def test_a_since_of_another_type_is_the_callers_mistake(since: Any) -> None:
    with pytest.raises(UsageError, match="`since` is a list of rows"):
        Recovery(field="id", key="id", query={}, since=since)


def test_an_event_with_a_key_that_cannot_be_compared_does_no_harm_to_rows_that_wait() -> None:
    line, table, subscription = begun()
    table.keys += [1, 2]
    table.answer()
    odd = {**event(1), "data": [row(1), {"id": [1]}]}
    line.say(odd)
    assert delivered(subscription) == [1, [1]]


def test_a_field_of_the_servers_that_is_called_recovered_is_no_mark() -> None:
    line = Timeline()
    line.online()
    subscription = line.subscribe(limit=2)
    line.say(INIT, *[{**event(key), "recovered": True} for key in (1, 2)])
    assert isinstance(drain(subscription)[-1], SubscriptionOverflow)
