"""The twins of the tutorial's script send its messages, and show its lines.

`tests/directus/test_guides.py` runs the same on a real Directus.
"""

import asyncio

import pytest

from tests.guides import chat
from tests.guides.harness import sent, without_uid
from tests.support.client import connected, run
from tests.support.project import Project
from tests.support.wiretap import wiretap

FIELDS = "*,user_created.first_name"
SUBSCRIBE = {"type": "subscribe", "collection": "messages", "event": "create"}
ITEMS = {"type": "items", "collection": "messages"}
HISTORY = {"limit": 10, "sort": ["-date_created"], "fields": ["*", "user_created.first_name"]}


def test_the_login_is_accepted_and_starts_the_chat(chat_project: Project) -> None:
    async def scene() -> None:
        login, directus = chat.make_clients(chat_project.url)
        started: list[str] = []
        chat.once_authenticated(directus, lambda: started.append("yes"))
        await chat.log_in(login, directus, chat_project.email, chat_project.password)
        assert started == ["yes"]
        directus.disconnect()
        await login.logout()

    run(scene)


def test_each_step_sends_the_tutorials_message_and_shows_its_lines(
    chat_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> None:
        async with wiretap(chat_project.url) as tap:
            directus = await connected(tap.url, chat_project.token)
            messages = await chat.subscribe(directus)
            assert without_uid(sent(tap)[-1]) == {**SUBSCRIBE, "query": {"fields": FIELDS}}
            lines: asyncio.Queue[str] = asyncio.Queue()
            reading = asyncio.ensure_future(chat.show_new_messages(messages, lines.put_nowait))
            await chat.send(directus, "This is brilliant!")
            create = {**ITEMS, "action": "create", "data": {"text": "This is brilliant!"}}
            assert without_uid(sent(tap)[-1]) == create
            line = "Ann: This is brilliant!"
            assert await lines.get() == line
            messages.unsubscribe()
            await reading
            assert capsys.readouterr().out == "subscription started\n"

            await chat.show_history(directus, lines.put_nowait)
            read = {**ITEMS, "action": "read", "query": HISTORY}
            assert without_uid(sent(tap)[-1]) == read
            assert await lines.get() == line
            chat.show_row({"user_created": {"first_name": "Ann"}, "text": "Yes!"}, lines.put_nowait)
            assert await lines.get() == "Ann: Yes!"
            directus.disconnect()

    run(scene)


def test_the_whole_chat_shows_what_was_said_and_what_is_said(chat_project: Project) -> None:
    async def scene() -> None:
        person = chat_project
        login, directus = chat.make_clients(person.url)
        await chat.log_in(login, directus, person.email, person.password)
        await chat.send(directus, "before")
        lines: asyncio.Queue[str] = asyncio.Queue()
        whole = asyncio.ensure_future(
            chat.chat(person.url, person.email, person.password, lines.put_nowait)
        )
        while await lines.get() != "Ann: before":
            pass  # of other tests
        await chat.send(directus, "meanwhile")
        assert await lines.get() == "Ann: meanwhile"
        whole.cancel()
        directus.disconnect()
        await login.logout()

    run(scene)
