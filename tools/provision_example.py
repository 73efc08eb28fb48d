"""What an example's project file describes, made on a real Directus.

Only what is missing is made: a second run changes nothing.
"""

import secrets
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from tools.directus_admin import DirectusAdmin, Refused
from tools.examples import Example
from tools.provision import Say, require_admin
from tools.steps import SetupError

_USERS = "directus_users"
_CASTS = {"boolean": ["cast-boolean"], "json": ["cast-json"], "csv": ["cast-csv"]}
_ALL: dict[str, Any] = {"fields": ["*"], "permissions": {}, "validation": {}}

Change = tuple[str, Callable[[], object]]
"""What is made, and the function that makes it."""


def provision_example(
    admin: DirectusAdmin,
    example: Example,
    say: Say,
    *,
    token: str | None = None,
    dry_run: bool = False,
    as_written: bool = False,
) -> str | None:
    """Make what is missing; return the static token of a new user, where the example has one.

    `say` is called with one line for each thing that is made, or would be made in a `dry_run`. New
    users get random passwords, and the token `token` or a random one. For a Directus that only this
    machine reaches, `as_written` gives them the passwords of the file, and the token to users who
    are there already. Raises SetupError.
    """
    require_admin(admin)
    made = _Changes(admin, example, say, token or secrets.token_urlsafe(24), as_written)
    is_complete = True
    for what, act in made.missing():
        is_complete = False
        if not dry_run:
            act()
        say(f"{'would make' if dry_run else 'made'}  {what}")
    if is_complete:
        say("everything is there, and nothing was changed")
    return made.token if made.has_new_token and not dry_run else None


class _Changes:
    """The changes that a project needs."""

    def __init__(
        self, admin: DirectusAdmin, example: Example, say: Say, token: str, as_written: bool
    ) -> None:
        self.token = token
        self.has_new_token = False
        self._admin = admin
        self._say = say
        self._as_written = as_written
        self._project = example.described
        self._policies: dict[str, str] = {}  # their keys by name
        self._users: dict[str, str] = {}  # by e-mail

    def missing(self) -> Iterator[Change]:
        """Yield each change, made by the time the next one is asked for."""
        for name, collection in self._project["collections"].items():
            yield from self._collection(name, collection["fields"])
        for name, policy in self._project["policies"].items():
            yield from self._policy(name, policy["permissions"])
        for user in self._project["users"]:
            yield from self._user(user)

    def _collection(self, name: str, fields: dict[str, Any]) -> Iterator[Change]:
        try:
            self._admin.get(f"/collections/{name}")
        except Refused as error:
            # To an administrator it is forbidden only when it is not there.
            if error.code != "FORBIDDEN":
                raise
            yield f"the collection {name}", partial(self._make_collection, name, fields)
            return
        there = {field["field"] for field in self._admin.get(f"/fields/{name}")}
        if absent := [field for field in fields if field not in there]:
            raise SetupError(
                f"the collection {name} of {self._admin.url} is not the example's (it has no "
                f"{', '.join(absent)}): mend it in the Data Studio, or use a project without it"
            )

    def _make_collection(self, name: str, fields: dict[str, Any]) -> None:
        described = [_field(field, about) for field, about in fields.items()]
        body = {"collection": name, "meta": {}, "schema": {}, "fields": described}
        self._admin.post("/collections", body)
        for field, about in fields.items():
            if about.get("special") in ("user-created", "user-updated"):
                relation = {"collection": name, "field": field, "related_collection": _USERS}
                self._admin.post("/relations", {**relation, "schema": {"on_delete": "SET NULL"}})

    def _policy(self, name: str, permissions: list[dict[str, Any]]) -> Iterator[Change]:
        fields = "id,permissions.collection,permissions.action"
        found = self._admin.get("/policies", {"filter[name][_eq]": name, "fields": fields})
        there = set()
        if found:
            self._policies[name] = found[0]["id"]
            there = {(each["collection"], each["action"]) for each in found[0]["permissions"]}
        else:
            yield f'the policy "{name}"', partial(self._make_policy, name)
        for rule in permissions:
            if (rule["collection"], rule["action"]) not in there:
                what = f'{rule["action"]} on {rule["collection"]} in "{name}"'
                yield what, partial(self._allow, name, rule)

    def _make_policy(self, name: str) -> None:
        body = {"name": name, "app_access": False, "admin_access": False}
        self._policies[name] = self._admin.post("/policies", body)["id"]

    def _allow(self, policy: str, rule: dict[str, Any]) -> None:
        place = {key: rule[key] for key in ("collection", "action")}
        place["policy"] = self._policies[policy]
        given = {"fields": rule.get("fields", ["*"]), "permissions": rule.get("filter", {})}
        try:
            self._admin.post("/permissions", _ALL | place | given)
        except Refused as error:
            if error.code != "RESOURCE_RESTRICTED":
                raise
            self._admin.post("/permissions", _ALL | place)
            self._say(
                f"without a licence {self._admin.url} takes no rules for rows and fields: "
                f"{rule['action']} on {rule['collection']} is for all of them"
            )

    def _user(self, user: dict[str, Any]) -> Iterator[Change]:
        email = user["email"]
        query = {"filter[email][_eq]": email, "fields": "id,policies.policy.name"}
        found = self._admin.get("/users", query)
        attached = set()
        if found:
            self._users[email] = found[0]["id"]
            attached = {each["policy"]["name"] for each in found[0]["policies"]}
            if self._as_written and "token" in user:
                self._admin.patch(f"/users/{found[0]['id']}", {"token": self.token})
                self.has_new_token = True
        else:
            secret = {"token": self.token} if "token" in user else self._password(user)
            shown = f", with {', '.join(f'the {key} {word}' for key, word in secret.items())}"
            yield f"the user {email}{shown}", partial(self._make_user, user, secret)
        for policy in user["policies"]:
            if policy not in attached:
                yield f'{email} a holder of "{policy}"', partial(self._attach, email, policy)

    def _password(self, user: dict[str, Any]) -> dict[str, str]:
        return {"password": user["password"] if self._as_written else secrets.token_urlsafe(12)}

    def _make_user(self, user: dict[str, Any], secret: dict[str, str]) -> None:
        told = {key: user[key] for key in ("email", "first_name", "last_name") if key in user}
        body = {"status": "active"} | told | secret
        self._users[user["email"]] = self._admin.post("/users", body)["id"]
        self.has_new_token = self.has_new_token or "token" in secret

    def _attach(self, email: str, policy: str) -> None:
        self._admin.post("/access", {"user": self._users[email], "policy": self._policies[policy]})


def _field(name: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return a field as Directus describes it."""
    kind, special = about["type"], about.get("special")
    meta = {"special": [special] if special else _CASTS.get(kind)}
    key: dict[str, bool] = {"is_primary_key": True, "has_auto_increment": kind == "integer"}
    return {
        "field": name,
        "type": kind,
        "meta": meta,
        "schema": key if about.get("primary") else dict[str, bool](),
    }
