"""What people do with py-directus: each check returns what came, or fails as that does."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

sys.modules["magic"] = ModuleType("magic")  # needs a library of the system, to upload files alone

from py_directus import Directus, DirectusUser, F  # noqa: E402
from py_directus.aggregator import Agg  # noqa: E402

from tests.clients.outcomes import Checks, Person  # noqa: E402

check = Checks()
Work = Callable[[Any, str], Awaitable[Any]]


def signed_in(work: Work) -> Callable[[Person, str], Any]:
    """Return a check that does ``work`` with a client that has the person's token."""

    async def whole(person: Person, name: str) -> Any:
        directus = await Directus(person.url, token=person.token)
        try:
            return await work(directus, name)
        finally:
            await directus.close_connection()

    return lambda person, name: asyncio.run(whole(person, name))


async def make(directus: Any, user: str, *texts: str) -> list[Any]:
    """Make messages, and return their keys."""
    rows = [{"text": text, "user": user} for text in texts]
    return [row["id"] for row in (await directus.collection("messages").create(rows)).items]


def of(directus: Any, user: str) -> Any:
    """Return a request for a user's messages."""
    return directus.collection("messages").filter(user=user).fields("text").sort("id")


@check("login and refresh")
def _(person: Person, name: str) -> Any:
    async def whole() -> Any:
        directus = await Directus(person.url, email=person.email, password=person.password)
        first_name = (await directus.user).first_name
        before = directus.refresh_token
        await directus.refresh()
        changed = directus.refresh_token != before
        await directus.close_connection()
        return [first_name, directus.expires, changed]

    return asyncio.run(whole())


@check("logout, without its refresh token")
def _(person: Person, name: str) -> Any:
    async def whole() -> Any:
        directus = await Directus(person.url, email=person.email, password=person.password)
        was_answered_200 = await directus.logout()
        await directus.close_connection()
        return [was_answered_200, directus.token]

    return asyncio.run(whole())


@check("a wrong password")
def _(person: Person, name: str) -> Any:
    async def whole() -> None:
        await Directus(person.url, email=person.email, password="wrong")

    return asyncio.run(whole())


@check("create")
@signed_in
async def _(directus: Any, name: str) -> Any:
    made = await directus.collection("messages").create({"text": "one", "user": name})
    return [made.status_code, made.item["text"]]


@check("read, which searches")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one", "two", "three")
    found = await of(directus, name).limit(1).offset(1).read()
    return [found.status_code, found.items]


@check("read with the method get")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one")
    request = directus.collection("messages").search(name).fields("text").limit(1)
    return (await request.read(method="get")).items


@check("read with combined filters")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "apple", "pear", "fig")
    either = F(text__contains="app") | F(text__in=["fig"])
    return (await of(directus, name).filter(either).read()).items


@check("read along a relation")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one")
    request = directus.collection("messages").filter(user=name, user_created__first_name="Ann")
    return (await request.fields("text", "user_created.first_name").read()).items


@check("read with counts")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one", "two")
    return (await of(directus, name).limit(1).include_count().read()).filtered_count


@check("read with an aggregate")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one", "two")
    request = directus.collection("messages").filter(user=name)
    return (await request.aggregate(Agg()).read()).items


@check("read one, from its cache too")
@signed_in
async def _(directus: Any, name: str) -> Any:
    (key,) = await make(directus, name, "one")
    request = directus.collection("messages").fields("text")
    return [(await request.read(key, cache=True)).item for _ in range(2)]


@check("read of an unknown collection")
@signed_in
async def _(directus: Any, name: str) -> Any:
    return (await directus.collection("nope").read()).items


@check("update one and several")
@signed_in
async def _(directus: Any, name: str) -> Any:
    keys = await make(directus, name, "one", "two")
    messages = directus.collection("messages")
    one = (await messages.update(keys[0], {"text": "three"})).item
    several = (await directus.collection("messages").update(keys, {"text": "four"})).items
    return [one["text"], [row["text"] for row in several]]


@check("delete one")  # of several it fails by itself
@signed_in
async def _(directus: Any, name: str) -> Any:
    (key,) = await make(directus, name, "one")
    status = (await directus.collection("messages").delete(key)).status_code
    return [status, (await of(directus, name).read()).items]


@check("tasks that are gathered")
@signed_in
async def _(directus: Any, name: str) -> Any:
    await make(directus, name, "one")
    tasks = [await of(directus, name).read(as_task=True) for _ in range(2)]
    await directus.gather()
    return [task.items for task in tasks]


@check("users, as models")
@signed_in
async def _(directus: Any, name: str) -> Any:
    request = directus.collection(DirectusUser).filter(first_name="Ann")
    user = (await request.fields("id", "first_name").read()).item
    return [user.first_name, user.last_name]


@check("roles")
@signed_in
async def _(directus: Any, name: str) -> Any:
    return (await directus.roles()).items


@check("settings")
@signed_in
async def _(directus: Any, name: str) -> Any:
    return (await directus.read_settings()).item is not None


@check("subscribe")
def _(person: Person, name: str) -> Any:
    async def whole() -> Any:
        directus = await Directus(person.url, token=person.token)
        address = person.url.replace("http", "ws", 1) + "/websocket"
        request = directus.collection("messages").fields("text")
        answer, socket = await request.subscribe(address, event_type="create", uid="mine")
        await make(directus, name, "one")
        event = json.loads(await socket.recv())
        await socket.close()
        await directus.close_connection()
        return [json.loads(answer), event]

    return asyncio.run(whole())


def failure(error: Exception) -> Any:
    """Return the code and the message of Directus' error, else the kind of the client's own."""
    errors = getattr(getattr(error, "response", None), "errors", None)
    if not errors:
        return {"code": type(error).__name__, "message": str(error)}
    return {"code": errors[0]["extensions"]["code"], "message": errors[0]["message"]}


if __name__ == "__main__":
    check.main(failure)
