"""Each action sends the message of the guide on actions, and gives what it is answered.

`tests/directus/test_guides.py` runs the same on a real Directus.
"""

import inspect
from typing import Any

import pytest
from directus_realtime import RealtimeClient

from tests.guides import actions
from tests.guides.harness import named, run_scene, sent, without_uid
from tests.support.client import make
from tests.support.project import Project
from tests.support.wiretap import Message, Wiretap

KEY, KEYS = "single_item_id", ["single_item_id", "single_item_id_2"]

DELETE = {"action": "delete"}
UPDATE = {"action": "update", "data": {"text": "Hi!"}}


@pytest.mark.parametrize(
    ("sample", "message", "kind"),
    named(
        (actions.read_item, {"action": "read", "id": KEY}, dict),
        (actions.read_several, {"action": "read", "ids": KEYS}, list),
        (actions.read_all, {"action": "read"}, list),
        (
            actions.create_item,
            {"action": "create", "data": {"text": "Hello!", "user": "Ben"}},
            dict,
        ),
        (
            actions.create_several,
            {"action": "create", "data": [{"text": "Hello!"}, {"text": "Bye!"}]},
            list,
        ),
        (actions.update_item, {**UPDATE, "id": KEY}, dict),
        (actions.update_several, {**UPDATE, "ids": KEYS}, list),
        (actions.delete_item, {**DELETE, "id": KEY}, int),
        (actions.delete_several, {**DELETE, "ids": KEYS}, list),
        (
            actions.delete_by_query,
            {**DELETE, "query": {"filter": {"user": {"_eq": "Ben"}}}},
            list,
        ),
        (actions.delete_all, {**DELETE, "query": {}}, list),
        (
            actions.create_with_query,
            {"action": "create", "data": {"text": "Hello!"}, "query": {"fields": ["id"]}},
            dict,
        ),
        (
            actions.read_under_uid,
            {"action": "read", "query": {"sort": "date_created"}, "uid": "sorted_latest_first"},
            list,
        ),
    ),
)
def test_each_action_sends_the_guides_message_and_gives_the_answers_data(
    project: Project, sample: Any, message: Message, kind: type
) -> None:
    async def scene(tap: Wiretap, directus: RealtimeClient) -> None:
        keys = await make(directus, "one", "two")
        offered = {"directus": directus, "key": keys[0], "keys": keys}
        given = await sample(*[offered[name] for name in inspect.signature(sample).parameters])
        frame = sent(tap)[-1]
        assert frame["uid"] == message.get("uid", frame["uid"])
        (answer,) = (each for each in tap.received if each.get("uid") == frame["uid"])
        real = {"id": keys[0], "ids": keys}
        guides = {name: real.get(name, value) for name, value in without_uid(message).items()}
        assert without_uid(frame) == {"type": "items", "collection": "messages", **guides}
        assert answer["type"] == "items"
        assert isinstance(answer["data"], kind)
        assert given == (answer if sample is actions.read_under_uid else answer["data"])

    run_scene(project.url, scene)
