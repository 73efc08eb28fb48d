"""A project file made on a real Directus: its collections, policies and users.

The guide's "Before you start" is server/guide.toml, which describes the form; each example has a
file of its own. Only what is missing is made: a second run changes nothing.
"""

import secrets
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from tools import ROOT
from tools.directus_admin import DirectusAdmin, Refused
from tools.examples import Example
from tools.steps import SetupError

POLICY = "Public Posts"
EMAIL = "messages-page@example.com"

_USERS = "directus_users"
_ALL: Mapping[str, Any] = {"fields": ["*"], "permissions": {}, "validation": {}}
# What a field may be in place of its type: people make collections by hand; SQLite has no uuid.
_ALIKE = {"timestamp": "dateTime", "text": "string", "string": "text", "uuid": "string"}
_CASTS = {"boolean": ["cast-boolean"], "json": ["cast-json"], "csv": ["cast-csv"]}
_AUTHORS = ("user-created", "user-updated")
# What the Data Studio shows a field with.
_INTERFACES = {
    **{"integer": "input", "string": "input", "text": "input-multiline", "boolean": "boolean"},
    **{"timestamp": "datetime", **dict.fromkeys(_AUTHORS, "select-dropdown-m2o")},
}

Say = Callable[[str], None]
Change = tuple[str, Callable[[], object]]
"""What is made, and the function that makes it."""


def provision(
    admin: DirectusAdmin,
    say: Say,
    *,
    example: Example | None = None,
    dry_run: bool = False,
    new_token: bool = False,
    token: str | None = None,
    as_written: bool = False,
) -> str | None:
    """Make what is missing of the guide's project, or an example's; return the new token.

    `admin` must have an administrator's rights. `say` is called with one line for each thing that
    is made, or would be made in a `dry_run`. Existing users keep their tokens unless `new_token` is
    set; a new one is `token`, or random. So are the passwords of new users, unless they are to be
    `as_written` in the file, for a Directus that only this machine reaches. Raises SetupError,
    before anything is changed where a collection of that name is another one.
    """
    require_admin(admin)
    work = _Changes(admin, example, say, token or secrets.token_urlsafe(24), as_written)
    plan = list(work.missing(new_token))
    for what, act in plan:
        if not dry_run:
            act()
        say(f"{'would make' if dry_run else 'made'}  {what}")
    if not plan:
        say("everything is there, and nothing was changed")
    return work.token if work.has_new_token else None


def require_admin(admin: DirectusAdmin) -> None:
    """Return if the rights are an administrator's, on Directus 11 or newer; else SetupError."""
    cure = "log in as a user with the policy Administrator, or give such a user's token"
    try:
        is_admin = admin.get("/policies/me/globals")["admin_access"]
    except Refused as error:
        if error.code == "ROUTE_NOT_FOUND":
            raise SetupError(
                f"{admin.url} is a Directus before version 11, which has no policies: update it "
                "to 11 or newer"
            ) from error
        if error.code != "FORBIDDEN":
            raise
        is_admin = False
    if not is_admin:
        raise SetupError(f"only an administrator may set up {admin.url}: {cure}")


def _guide() -> dict[str, Any]:
    """Return the guide's project, with a user for whoever opens the page."""
    described = tomllib.loads((ROOT / "server" / "guide.toml").read_text(encoding="utf-8"))
    user = {"email": EMAIL, "first_name": "Messages", "last_name": "Page"}
    return {**described, "users": [{**user, "token": "", "policies": [POLICY]}]}


class _Changes:
    """The changes that a Directus needs."""

    def __init__(
        self,
        admin: DirectusAdmin,
        example: Example | None,
        say: Say,
        token: str,
        as_written: bool,
    ) -> None:
        self.token = token
        self.has_new_token = False
        self._admin = admin
        self._is_guide = example is None
        self._project = _guide() if example is None else example.described
        self._say = say
        self._as_written = as_written
        self._policies: dict[str, str] = {}  # their keys by name
        self._holders: dict[str, set[str]] = {}  # the keys of their users
        self._users: dict[str, str] = {}  # their keys by e-mail

    def missing(self, new_token: bool) -> Iterator[Change]:
        """Yield each change; nothing is made yet."""
        for name, collection in self._project["collections"].items():
            yield from self._collection(name, collection["fields"])
        for name, policy in self._project["policies"].items():
            yield from self._policy(name, policy["permissions"])
        for user in self._project["users"]:
            yield from self._user(user, new_token)

    def _collection(self, name: str, fields: dict[str, Any]) -> Iterator[Change]:
        try:
            found = self._admin.get(f"/collections/{name}")
        except Refused as error:
            # To an administrator it is forbidden only when it is not there.
            if error.code != "FORBIDDEN":
                raise
            *some, last = [field for field, about in fields.items() if not about.get("primary")]
            more = f", with {', '.join(some)} and {last}" if self._is_guide else ""
            yield f"the collection {name}{more}", partial(self._make_collection, name, fields)
            return
        if faults := self._faults_of(name, found, fields):
            raise SetupError(
                f"the collection {name} of {self._admin.url} is not the "
                f"{'guide' if self._is_guide else 'example'}'s ({', '.join(faults)}), so nothing "
                "was changed: mend it in the Data Studio, or use a project without it"
            )

    def _faults_of(
        self, name: str, found: Mapping[str, Any], fields: Mapping[str, Any]
    ) -> list[str]:
        if found["schema"] is None:
            return ["it is a folder"]
        if (found["meta"] or {}).get("singleton"):
            return ["it holds a single item"]
        there = self._admin.get(f"/fields/{name}")
        types = {each["field"]: each["type"] for each in there}
        # The key may have any type.
        wanted = {name: about["type"] for name, about in fields.items() if "primary" not in about}
        return [
            f"{field} is {types.get(field, 'missing')}, not {kind}"
            for field, kind in wanted.items()
            if types.get(field, "missing") not in (kind, _ALIKE.get(kind))
        ] + [
            # An item with only the wanted fields would be refused because of this one.
            f"{each['field']} is required"
            for each in there
            if each["field"] not in wanted and (each["meta"] or {}).get("required")
        ]

    def _make_collection(self, name: str, fields: dict[str, Any]) -> None:
        described = [_field(field, about) for field, about in fields.items()]
        body = {"collection": name, "meta": {}, "schema": {}, "fields": described}
        self._admin.post("/collections", body)
        for field, about in fields.items():
            if about.get("special") in _AUTHORS:
                relation = {"collection": name, "field": field, "related_collection": _USERS}
                self._admin.post("/relations", {**relation, "schema": {"on_delete": "SET NULL"}})

    def _policy(self, name: str, permissions: list[dict[str, Any]]) -> Iterator[Change]:
        fields = "id,permissions.collection,permissions.action,users.user"
        found = self._admin.get("/policies", {"filter[name][_eq]": name, "fields": fields})
        there = set()
        self._holders[name] = set()
        if found:
            self._policies[name] = found[0]["id"]
            self._holders[name] = {each["user"] for each in found[0]["users"]}
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
            self._admin.post("/permissions", {**_ALL, **place, **given})
        except Refused as error:
            if error.code != "RESOURCE_RESTRICTED" or not {"fields", "filter"} & set(rule):
                raise
            self._admin.post("/permissions", {**_ALL, **place})
            self._say(
                f"without a licence {self._admin.url} takes no rules for rows and fields: "
                f"{rule['action']} on {rule['collection']} is for all of them"
            )

    def _user(self, user: dict[str, Any], new_token: bool) -> Iterator[Change]:
        email = user["email"]
        found = self._admin.get("/users", {"filter[email][_eq]": email, "fields": "id"})
        if not found:
            kind, word = ("token", self.token) if "token" in user else self._password(user)
            shown = "a new static token" if self._is_guide else f"the {kind} {word}"
            what = f"the user {email}, with {shown}"
            yield what, partial(self._make_user, user, {kind: word})
        else:
            self._users[email] = found[0]["id"]
            if new_token and "token" in user:
                what = f"a new static token for {email}; the old one ends"
                yield what, partial(self._replace_token, email)
        for policy in user["policies"]:
            if self._users.get(email) not in self._holders[policy]:
                yield f'{email} a holder of "{policy}"', partial(self._attach, email, policy)

    def _password(self, user: dict[str, Any]) -> tuple[str, str]:
        return "password", user["password"] if self._as_written else secrets.token_urlsafe(12)

    def _make_user(self, user: dict[str, Any], secret: dict[str, str]) -> None:
        told = {key: user[key] for key in ("email", "first_name", "last_name") if key in user}
        body = {"status": "active"} | told | secret
        self._users[user["email"]] = self._admin.post("/users", body)["id"]
        self.has_new_token = self.has_new_token or "token" in secret

    def _replace_token(self, email: str) -> None:
        self._admin.patch(f"/users/{self._users[email]}", {"token": self.token})
        self.has_new_token = True

    def _attach(self, email: str, policy: str) -> None:
        self._admin.post("/access", {"user": self._users[email], "policy": self._policies[policy]})


def _field(name: str, about: dict[str, Any]) -> dict[str, Any]:
    """Return a field as Directus describes it."""
    kind, special, is_key = about["type"], about.get("special"), about.get("primary", False)
    meta: dict[str, Any] = {"special": [special] if special else _CASTS.get(kind)}
    meta["interface"] = _INTERFACES.get(special if special in _AUTHORS else kind)
    if is_key or special:
        meta |= {"readonly": True, "hidden": True}  # Directus fills it in
    key = {"is_primary_key": True, "has_auto_increment": kind == "integer"}
    return {"field": name, "type": kind, "meta": meta, "schema": key if is_key else {}}
