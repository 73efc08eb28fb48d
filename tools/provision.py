"""The guide's "Before you start" on a real project: a collection, a policy, a user and a token.

Only what is missing is made: a second run changes nothing.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tools.directus_admin import DirectusAdmin, Refused
from tools.steps import SetupError

POLICY = "Public Posts"
EMAIL = "messages-page@example.com"

_ACTIONS = ("read", "create")
# The types that each field may have: people follow the guide by hand, too.
_TYPES = {
    "date_created": ("timestamp", "dateTime"),
    "text": ("text", "string"),
    "user": ("string", "text"),
}
_KEY = {"is_primary_key": True, "has_auto_increment": True}
_MADE_BY_DIRECTUS = {"readonly": True, "hidden": True}
_COLLECTION = {
    "collection": "messages",
    "meta": {},
    "schema": {},
    "fields": [
        {
            "field": "id",
            "type": "integer",
            "meta": {"interface": "input", **_MADE_BY_DIRECTUS},
            "schema": _KEY,
        },
        {
            "field": "date_created",
            "type": "timestamp",
            "meta": {"interface": "datetime", "special": ["date-created"], **_MADE_BY_DIRECTUS},
            "schema": {},
        },
        {"field": "text", "type": "text", "meta": {"interface": "input-multiline"}, "schema": {}},
        {"field": "user", "type": "string", "meta": {"interface": "input"}, "schema": {}},
    ],
}

Say = Callable[[str], None]


@dataclass
class Project:
    """What a project already has of all that the guide makes."""

    collection: bool
    policy: str | None
    allowed: set[str] = field(default_factory=set)
    user: str | None = None
    is_attached: bool = False


def provision(
    admin: DirectusAdmin,
    say: Say,
    *,
    dry_run: bool = False,
    new_token: bool = False,
    token: str | None = None,
) -> str | None:
    """Make what is missing, and return the new token if one was made.

    `admin` must have an administrator's rights. `say` is called with one line for each thing that
    is made, or would be made in a `dry_run`. An existing user keeps the token unless `new_token` is
    set; a new one is `token`, or random. Raises SetupError.
    """
    work = _Changes(admin, look(admin), token or secrets.token_urlsafe(24))
    plan = work.plan(new_token)
    for what, act in plan:
        if not dry_run:
            act()
        say(f"{'would make' if dry_run else 'made'}  {what}")
    if not plan:
        say("everything is there, and nothing was changed")
    return work.token if work.has_new_token else None


def look(admin: DirectusAdmin) -> Project:
    """Return what the project has.

    Raises SetupError when there are no administrator's rights, or another `messages`.
    """
    require_admin(admin)
    project = Project(_has_messages(admin), None)
    fields = "id,permissions.collection,permissions.action,users.user"
    policies = admin.get("/policies", {"filter[name][_eq]": POLICY, "fields": fields})
    users = admin.get("/users", {"filter[email][_eq]": EMAIL, "fields": "id"})
    if users:
        project.user = users[0]["id"]
    if policies:
        policy = policies[0]
        project.policy = policy["id"]
        permissions = [each for each in policy["permissions"] if each["collection"] == "messages"]
        project.allowed = {each["action"] for each in permissions}
        project.is_attached = project.user in [each["user"] for each in policy["users"]]
    return project


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


def _has_messages(admin: DirectusAdmin) -> bool:
    try:
        collection = admin.get("/collections/messages")
    except Refused as error:
        # To an administrator it is forbidden only when it is not there.
        if error.code != "FORBIDDEN":
            raise
        return False
    faults = _faults_of(admin, collection)
    if faults:
        raise SetupError(
            f"the collection messages of {admin.url} is not the guide's ({', '.join(faults)}), so "
            "nothing was changed: mend it in the Data Studio, or use a project without it"
        )
    return True


def _faults_of(admin: DirectusAdmin, collection: Mapping[str, Any]) -> list[str]:
    if collection["schema"] is None:
        return ["it is a folder"]
    if (collection["meta"] or {}).get("singleton"):
        return ["it holds a single item"]
    fields = admin.get("/fields/messages")
    found = {each["field"]: each["type"] for each in fields}
    return [
        f"{name} is {found.get(name, 'missing')}, not {types[0]}"
        for name, types in _TYPES.items()
        if found.get(name) not in types
    ] + [f"{each['field']} is required" for each in fields if _is_required(each)]


def _is_required(field: Mapping[str, Any]) -> bool:
    """Tell whether an item with only text and user would be refused because of this field."""
    return field["field"] not in _TYPES and bool((field["meta"] or {}).get("required"))


class _Changes:
    """The changes that a project needs."""

    def __init__(self, admin: DirectusAdmin, project: Project, token: str) -> None:
        self.token = token
        self.has_new_token = False
        self._admin = admin
        self._project = project

    def plan(self, new_token: bool) -> list[tuple[str, Callable[[], None]]]:
        project = self._project
        plan: list[tuple[str, Callable[[], None]]] = []
        if not project.collection:
            what = "the collection messages, with date_created, text and user"
            plan.append((what, self._make_collection))
        if project.policy is None:
            plan.append((f'the policy "{POLICY}"', self._make_policy))
        plan += [
            (f'{action} on messages in "{POLICY}"', partial(self._allow, action))
            for action in _ACTIONS
            if action not in project.allowed
        ]
        if project.user is None:
            plan.append((f"the user {EMAIL}, with a new static token", self._make_user))
        elif new_token:
            plan.append((f"a new static token for {EMAIL}; the old one ends", self._replace_token))
        if not project.is_attached:
            plan.append((f'{EMAIL} a holder of "{POLICY}"', self._attach))
        return plan

    def _make_collection(self) -> None:
        self._admin.post("/collections", _COLLECTION)

    def _make_policy(self) -> None:
        body = {"name": POLICY, "app_access": False, "admin_access": False}
        self._project.policy = self._admin.post("/policies", body)["id"]

    def _allow(self, action: str) -> None:
        permission = {"policy": self._project.policy, "collection": "messages", "action": action}
        # Rules of one's own, and fields less than all, need a licence.
        rules = {"fields": ["*"], "permissions": {}, "validation": {}}
        self._admin.post("/permissions", permission | rules)

    def _make_user(self) -> None:
        body = {"email": EMAIL, "first_name": "Messages", "last_name": "Page", "status": "active"}
        self._project.user = self._admin.post("/users", body | {"token": self.token})["id"]
        self.has_new_token = True

    def _replace_token(self) -> None:
        self._admin.patch(f"/users/{self._project.user}", {"token": self.token})
        self.has_new_token = True

    def _attach(self) -> None:
        body = {"user": self._project.user, "policy": self._project.policy}
        self._admin.post("/access", body)
