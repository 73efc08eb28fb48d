"""What people do with directus-py-sdk: each check returns what came, or fails as that does."""

import ast
import json
from typing import Any

from directus_py_sdk import DirectusClient, main

from tests.clients.outcomes import Checks, Person

# It asks three times where it is refused, with pauses of seconds.
main.time.sleep = lambda _: None

check = Checks()


def client(person: Person) -> DirectusClient:
    return DirectusClient(person.url, token=person.token)


def make(directus: DirectusClient, user: str, *texts: str) -> list[Any]:
    """Make messages, and return their keys."""
    rows = [directus.create_item("messages", {"text": text, "user": user}) for text in texts]
    return [row["data"]["id"] for row in rows]


def of(user: str, **more: Any) -> dict[str, Any]:
    """Return the body of a search for a user's messages."""
    filter_ = {"user": {"_eq": user}}
    return {"query": {"filter": filter_, "sort": ["id"], "fields": ["text"], **more}}


@check("login, refresh and logout")
def _(person: Person, name: str) -> Any:
    directus = DirectusClient(person.url, email=person.email, password=person.password)
    first_name = directus.me()["first_name"]
    refreshed = directus.refresh()
    directus.logout()
    return [first_name, sorted(refreshed), directus.get_token()]


@check("a wrong password")
def _(person: Person, name: str) -> Any:
    return DirectusClient(person.url, email=person.email, password="wrong")


@check("create_item")
def _(person: Person, name: str) -> Any:
    row = client(person).create_item("messages", {"text": "one", "user": name})["data"]
    return [row["text"], row["user"], sorted(row)]


@check("get_items, which searches")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    make(directus, name, "one", "two", "three")
    return directus.get_items("messages", of(name, sort=["-id"], limit=2))


@check("get_items along a relation")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    make(directus, name, "one")
    return directus.get_items("messages", of(name, fields=["text", "user_created.first_name"]))


@check("get_items of an unknown collection")
def _(person: Person, name: str) -> Any:
    return client(person).get_items("nope")


@check("get with an aggregate")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    make(directus, name, "one")
    condition = json.dumps({"user": {"_eq": name}})
    return directus.get("/items/messages", params={"filter": condition, "aggregate[count]": "*"})


@check("get_item")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    (key,) = make(directus, name, "one")
    return directus.get_item("messages", key)["text"]


@check("get_item of none")
def _(person: Person, name: str) -> Any:
    return client(person).get_item("messages", 987654321)


@check("update_item and delete_item")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    (key,) = make(directus, name, "one")
    changed = directus.update_item("messages", key, {"text": "two"})["data"]["text"]
    directus.delete_item("messages", key)
    return [changed, directus.get_items("messages", of(name))]


@check("bulk_insert")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    rows = [{"text": str(number), "user": name} for number in range(3)]
    directus.bulk_insert("messages", rows, interval=2)
    return directus.get_items("messages", of(name))


@check("get with parameters")
def _(person: Person, name: str) -> Any:
    directus = client(person)
    make(directus, name, "one", "two")
    condition = json.dumps({"user": {"_eq": name}})
    query = {"filter": condition, "fields": "text", "sort": "-id", "limit": 1}
    return directus.get("/items/messages", params=query)


@check("get_users")
def _(person: Person, name: str) -> Any:
    query = {"filter": {"first_name": {"_eq": "Ann"}}, "fields": ["first_name"]}
    return client(person).get_users({"query": query})


@check("create_user")
def _(person: Person, name: str) -> Any:
    return client(person).create_user({"email": "new@example.com"})


@check("collection_exists")
def _(person: Person, name: str) -> Any:
    return client(person).collection_exists("messages")


def failure(error: Exception) -> Any:
    """Return the code and the message of Directus' error, else the kind of the client's own."""
    text = str(error)
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
            (first, *_) = found["errors"] if isinstance(found, dict) else found
            return {"code": first["extensions"]["code"], "message": first["message"]}
        except (ValueError, SyntaxError, TypeError, KeyError):
            continue
    return {"code": type(error).__name__}


if __name__ == "__main__":
    check.main(failure)
