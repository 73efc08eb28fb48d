"""A chat: log in, write, edit and delete what is yours, and see who is there and who is away."""

import asyncio
from contextlib import suppress
from typing import Any

import page
from directus_realtime import DirectusError, Live, Row, authentication, create_directus, realtime
from js import document, window
from pyscript import config, when

NAME = "user_created.first_name"
MESSAGES = {
    "fields": ["text", "date_created", "user_created.id", NAME],
    "sort": ["-id"],
    "limit": 100,
}
PEOPLE = {"fields": ["away", "date_updated", NAME], "sort": [NAME, "id"]}
MINE = {"filter": {"user_created": {"_eq": "$CURRENT_USER"}}}
BEAT = 20  # seconds between two signs of life

login = create_directus(config["directus"]["url"] or window.location.origin).with_(authentication())
directus = login.with_(realtime())
messages, presence = directus.items("messages"), directus.items("presence")
looked = asyncio.Event()  # set when somebody looks at the page, or away
directus.on_state(page.show_state)


@when("submit", "#login")
async def log_in(_event: object) -> None:
    """Log in, and run the chat until it cannot go on."""
    try:
        await login.login(*page.take_login())
        await directus.connect()
        me, *_ = await presence.read(MINE) or [await presence.create({})]
        async with (
            directus.live("messages", query=MESSAGES) as rows,
            directus.live("presence", query=PEOPLE) as people,
            asyncio.TaskGroup() as tasks,
        ):
            page.enter(me["user_created"])
            for program in (show_messages(rows), show_people(people), give_signs_of_life(me)):
                tasks.create_task(program)
    except* DirectusError as errors:
        page.leave(errors.exceptions[0])


async def show_messages(rows: Live) -> None:
    """Keep the list of messages as it is on the server."""
    for row in rows.rows:
        page.show(row)
    async for change in rows:
        if change.kind == "leave":
            page.remove(change.key)
        else:
            page.show(change.row)


async def show_people(people: Live) -> None:
    """Keep the list of who is there."""
    page.show_people(people.rows)
    async for _ in people:
        page.show_people(people.rows)


async def give_signs_of_life(me: Row) -> None:
    """Tell the others now and then whether this page is looked at."""
    while True:
        looked.clear()
        with suppress(DirectusError):  # the next one may get through
            await presence.update({"away": page.is_hidden()}, id=me["id"])
        with suppress(TimeoutError):
            await asyncio.wait_for(looked.wait(), BEAT)


@when("visibilitychange", document)
def look(_event: object) -> None:
    """Tell the others at once."""
    looked.set()


@when("submit", "#composer")
async def send(_event: object) -> None:
    """Send what is written: a new message, or an edited one."""
    text, key = page.take_draft()
    try:
        if key is None:
            await messages.create({"text": text})
        else:
            await messages.update({"text": text}, id=key)
    except DirectusError as error:
        page.give_back(text, key, error)


@when("click", "#messages")
async def change(event: Any) -> None:
    """Edit or delete a message of one's own."""
    action, key = page.action_of(event.target)
    if action == "edit":
        page.edit(key)
    elif action == "delete":
        try:
            await messages.delete(id=key)
        except DirectusError as error:
            page.tell(error)


@when("click", "#leave")
async def log_out(_event: object) -> None:
    """Forget the login, and all that is shown."""
    with suppress(DirectusError):
        await login.logout()
    window.location.reload()
