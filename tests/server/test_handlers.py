"""Messages and the effects of handling them, and outcomes and their replies."""

from typing import Any

import pytest

from server.errors import forbidden
from server.items.request import Outcome
from server.websocket.effects import Note, Perform, StartSubscription
from tests.server.session_harness import READ, SUBSCRIBE, SessionHarness, error, silent, texts

UNPARSABLE = "Unable to parse the incoming message."


EXPECTED = "Validation error: Invalid input: expected"


NOT_A_UID = (
    f'{EXPECTED} string, received null at "uid" or '
    'Invalid input: expected number, received null at "uid"'
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", UNPARSABLE),
        ('{"type":"ping"}{"type":"ping"}', UNPARSABLE),
        ('{"type":"ping","uid":NaN}', UNPARSABLE),
        ("[" * 100_000, UNPARSABLE),
        ("[]", f"{EXPECTED} object, received array"),
        ("null", f"{EXPECTED} object, received null"),
        ("true", f"{EXPECTED} object, received boolean"),
        ("{}", f'{EXPECTED} string, received undefined at "type"'),
        ('{"type":5,"uid":"a"}', f'{EXPECTED} string, received number at "type"'),
        ('{"type":"ping","uid":null}', NOT_A_UID),
        ('{"__proto__":{"type":"ping"}}', f'{EXPECTED} string, received undefined at "type"'),
    ],
    ids=lambda text: text[:30],
)
def test_frames_that_are_no_messages(text: str, words: str) -> None:
    assert texts(SessionHarness(let_in=True).say(text)) == [
        error("server", "INVALID_PAYLOAD", words)
    ]


@pytest.mark.parametrize(
    ("uid", "echo"), [("1.50", "1.5"), ("2.0", "2"), ('""', '""'), ('"\\ud800"', '"\\ud800"')]
)
def test_uids_come_back_as_javascript_has_them(uid: str, echo: str) -> None:
    harness = SessionHarness(heartbeat=30.0, let_in=True)
    assert texts(harness.say(f'{{"type":"ping","uid":{uid}}}')) == [
        f'{{"type":"pong","uid":{echo}}}'
    ]


def test_a_type_that_is_unknown_is_logged_in_one_short_line() -> None:
    (note,) = SessionHarness(let_in=True).say({"type": "\n" + "x" * 10_000})
    assert isinstance(note, Note)
    assert note.reason.startswith(r"ignored a message of type '\nxxx")
    assert len(note.reason) < 100


def test_a_subscription_to_an_event_begins_at_once_with_a_text_for_a_uid() -> None:
    harness = SessionHarness(let_in=True)
    effects = harness.say({**SUBSCRIBE, "event": "create", "uid": 7})
    assert texts(effects) == ['{"type":"subscription","event":"init","uid":"7"}']
    assert texts(harness.say({"type": "unsubscribe", "uid": 7})) == [
        '{"type":"subscription","event":"unsubscribe","uid":7}'
    ]


def test_a_subscription_with_rows_begins_when_they_are_read() -> None:
    harness = SessionHarness(let_in=True)
    (work,) = harness.say({**SUBSCRIBE, "uid": "s"})
    assert isinstance(work, StartSubscription)
    assert texts(harness.session.answer(work, Outcome([{"id": 1}], {"total_count": 1}))) == [
        '{"type":"subscription","event":"init","data":[{"id":1}],'
        '"meta":{"total_count":1},"uid":"s"}'
    ]
    assert texts(harness.session.answer(work, forbidden())) == [
        error("subscribe", "FORBIDDEN", "You don't have permission to access this.", uid="s")
    ]


def test_no_item_has_an_empty_key() -> None:
    effects = SessionHarness(let_in=True).say({**SUBSCRIBE, "item": "", "uid": "s"})
    words = "You don't have permission to access this."
    assert texts(effects) == [error("subscribe", "FORBIDDEN", words, uid="s")]


EVENT = " or ".join(
    f'Invalid input: expected "{name}" at "event"' for name in ("create", "update", "delete")
)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"collection": 5}, f'{EXPECTED} string, received number at "collection"'),
        ({"event": None}, f"Validation error: {EVENT}"),
        ({"query": "x"}, f'{EXPECTED} record, received string at "query"'),
        ({"query": None}, f'{EXPECTED} record, received null at "query"'),
    ],
)
def test_malformed_subscriptions_are_refused_without_uid(parts: dict[str, Any], words: str) -> None:
    effects = SessionHarness(let_in=True).say({**SUBSCRIBE, "uid": "1", **parts})
    assert texts(effects) == [error("subscribe", "INVALID_PAYLOAD", words)]


NO_ACTION = " or ".join(
    f'Invalid input: expected "{name}" at "action"'
    for name in ("create", "read", "update", "delete")
)


@pytest.mark.parametrize(
    ("parts", "code", "words"),
    [
        ({"action": "x"}, "INVALID_PAYLOAD", f"Validation error: {NO_ACTION}"),
        (
            {"ids": 1},
            "INVALID_PAYLOAD",
            'Validation error: Invalid input: expected "create" at "action" or '
            'Invalid input: expected array, received number at "ids" or '
            'Invalid input: expected "update" at "action"; '
            'Invalid input: expected array, received number at "ids" or '
            'Invalid input: expected "delete" at "action"; '
            'Invalid input: expected array, received number at "ids"',
        ),
        (
            {"collection": "directus_users"},
            "INVALID_COLLECTION",
            "Cannot trigger an action on a system collection.",
        ),
        (
            {"collection": "nope"},
            "FORBIDDEN",
            'You don\'t have permission to access collection "nope" or it does not exist. '
            "Queried in root.",
        ),
        (
            {"query": {"limit": -5}},
            "INVALID_QUERY",
            'Invalid query. "limit" must be greater than or equal to -1.',
        ),
        ({"query": []}, "INVALID_QUERY", "Invalid query. The query is not an object."),
    ],
)
def test_items_requests_that_are_refused_at_once(
    parts: dict[str, Any], code: str, words: str
) -> None:
    effects = SessionHarness(let_in=True).say({**READ, "uid": 5, **parts})
    assert texts(effects) == [error("items", code, words, uid=5)]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "Ping"},
        {**SUBSCRIBE, "collection": "constructor"},
        {**SUBSCRIBE, "query": {"fields": ["id", {"author": ["name"]}]}},
        {**SUBSCRIBE, "query": {"meta": 5}},
        {**READ, "collection": "__proto__"},
        {**READ, "query": "x"},
    ],
    ids=str,
)
def test_where_directus_says_nothing_the_host_is_told(message: dict[str, Any]) -> None:
    assert silent(SessionHarness(heartbeat=30.0, let_in=True).say(message))


def test_an_items_request_becomes_work_and_its_outcome_a_reply() -> None:
    harness = SessionHarness(let_in=True)
    (work,) = harness.say({**READ, "ids": [1, "2"], "uid": ""})
    assert isinstance(work, Perform)
    assert (work.request.ids, work.request.accountability) == ((1, "2"), harness.accountability)
    reply = Outcome([{"id": 1}], {"filter_count": 1})
    assert texts(harness.session.answer(work, reply)) == [
        '{"type":"items","data":[{"id":1}],"meta":{"filter_count":1},"uid":""}'
    ]
    unseen = Outcome(error=forbidden())
    refusal = error("items", "FORBIDDEN", "You don't have permission to access this.", uid="")
    assert texts(harness.session.answer(work, unseen)) == [refusal]


@pytest.mark.parametrize("keys", [{"ids": 5}, {"id": {}}, {"id": 1}], ids=str)
def test_a_create_has_no_use_for_keys(keys: dict[str, Any]) -> None:
    (work,) = SessionHarness(let_in=True).say({**READ, "action": "create", **keys})
    assert isinstance(work, Perform)
    assert (work.request.id, work.request.ids) == (None, None)
