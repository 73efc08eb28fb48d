"""Each way to connect sends the message of the guide on authentication.

`tests/directus/test_guides.py` runs the same on a real Directus.
"""

import inspect
from typing import Any

import pytest

from tests.guides import authentication, subscriptions
from tests.guides.conftest import StartProject
from tests.guides.harness import named, sent, without_uid
from tests.support.client import run
from tests.support.project import Project
from tests.support.wiretap import Message, wiretap


def auth(**credentials: str) -> list[Message]:
    return [{"type": "auth", **credentials}]


@pytest.mark.parametrize(
    ("sample", "mode", "path", "frames"),
    named(
        (authentication.public_mode, "public", "/websocket", lambda _: []),
        (
            authentication.access_token,
            "handshake",
            "/websocket",
            lambda user: auth(access_token=user.token),
        ),
        (
            authentication.email_and_password,
            "handshake",
            "/websocket",
            lambda user: auth(email=user.email, password=user.password),
        ),
        (
            authentication.handshake_with_keep_alive,
            "handshake",
            "/websocket",
            lambda user: auth(access_token=user.token),
        ),
        (
            authentication.strict_mode,
            "strict",
            "/websocket?access_token=your_access_token",
            lambda _: [],
        ),
        (
            subscriptions.connect,
            "handshake",
            "/websocket",
            lambda user: auth(access_token=user.token),
        ),
    ),
)
def test_each_way_to_connect_sends_the_guides_message_and_may_read(
    start_project: StartProject, sample: Any, mode: str, path: str, frames: Any
) -> None:
    async def scene() -> None:
        user = start_project(mode)
        async with wiretap(user.url) as tap:
            offered = {**vars(user), "url": tap.url}
            directus = await sample(
                *[offered[name] for name in inspect.signature(sample).parameters]
            )
            assert await directus.items("messages").read({"limit": 0}) == []
            assert tap.paths == [path]
            assert sent(tap)[:-1] == frames(user)
            directus.disconnect()

    run(scene)


def test_the_confirmation_brings_a_refresh_token_that_signs_in(project: Project) -> None:
    async def scene() -> None:
        async with wiretap(project.url) as tap:
            directus = await authentication.access_token(tap.url, project.token)
            token = await authentication.confirmation(directus, project.email, project.password)
            (answer,) = (message for message in tap.received if "refresh_token" in message)
            assert without_uid(answer) == {"type": "auth", "status": "ok", "refresh_token": token}
            again = await authentication.refresh_token(tap.url, token)
            assert tap.sent[-1] == {"type": "auth", "refresh_token": token}
            assert await again.items("messages").read({"limit": 0}) == []
            directus.disconnect()
            again.disconnect()

    run(scene)
