"""Accounts, and what their policies allow: static tokens, users, permissions. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from server.project import Action, Policy, Project, Rule
from server.query.filters import DynamicVariables, Filter, read_filter
from server.query.permission import EVERYTHING, Permission, Reading, either

_MOST_READINGS = 1_000  # remembered


@dataclass(frozen=True)
class Accountability:
    """On whose behalf something is done, and under which policies; the public has no ``user``."""

    user: str | None
    policies: tuple[Policy, ...]

    @cached_property
    def admin(self) -> bool:
        """Whether everything is allowed."""
        return any(policy.admin for policy in self.policies)

    @cached_property
    def _permissions(self) -> dict[tuple[str, Action], Permission]:
        rules: dict[tuple[str, Action], list[Rule]] = {}
        for policy in self.policies:
            for rule in policy.rules:
                rules.setdefault((rule.collection, rule.action), []).append(rule)
        # $NOW in a rule is the time of the first use: permissions are computed once.
        variables = DynamicVariables(self.user, datetime.now(UTC))
        return {scope: _united(found, variables) for scope, found in rules.items()}

    def permission(self, collection: str, action: Action) -> Permission | None:
        """Return what ``action`` may touch of ``collection``, or None for nothing."""
        return EVERYTHING if self.admin else self._permissions.get((collection, action))

    @cached_property
    def _readings(self) -> dict[tuple[str, ...], Reading]:
        return {}

    def reading(self, collections: tuple[str, ...]) -> Reading:
        """Return what may be read of each of ``collections``."""
        if collections not in self._readings:
            if len(self._readings) >= _MOST_READINGS:
                self._readings.clear()
            found = tuple((name, self.permission(name, "read")) for name in collections)
            self._readings[collections] = _shared_reading(Reading(found))
        return self._readings[collections]


def _united(rules: Iterable[Rule], variables: DynamicVariables) -> Permission:
    fields: dict[Filter | None, dict[str, None]] = {}
    for rule in rules:
        condition = read_filter(rule.filter, variables) if rule.filter else None
        fields.setdefault(condition, {}).update(dict.fromkeys(rule.fields))
    cases = tuple(Permission(tuple(names), condition) for condition, names in fields.items())
    every = tuple(dict.fromkeys(name for case in cases for name in case.fields))
    if len(cases) == 1 or "*" in fields.get(None, ()):
        return _shared(Permission(every, either(cases)))
    return _shared(Permission(every, either(cases), cases))


@lru_cache
def _shared(permission: Permission) -> Permission:
    """Return one object for equal permissions, so that comparing ids is enough."""
    return permission


@lru_cache
def _shared_reading(reading: Reading) -> Reading:
    """Return one object for equal readings."""
    return reading


@dataclass(frozen=True, slots=True)
class Account:
    """A user; ``password`` is plain text or an Argon2 hash."""

    id: str
    email: str
    accountability: Accountability
    password: str


class Access:
    """The accounts of a project. ``ids`` maps the users' e-mail addresses to their keys."""

    def __init__(self, project: Project, ids: Mapping[str, str]) -> None:
        self.public = Accountability(None, project.public)
        self._by_token: dict[str, Accountability] = {}
        self._by_email: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}
        for user in project.users:
            key = ids[user.email]
            account = Account(key, user.email, Accountability(key, user.policies), user.password)
            self._by_email[user.email.lower()] = self._by_id[key] = account
            if user.token:
                self._by_token[user.token] = account.accountability

    def by_token(self, token: str) -> Accountability | None:
        """Return the accountability of a static token's owner, or None for an unknown token."""
        return self._by_token.get(token)

    def account(self, key: str) -> Account | None:
        """Return the user with this key, or None."""
        return self._by_id.get(key)

    def by_email(self, email: str) -> Account | None:
        """Return the user with this e-mail address, in any case, or None."""
        return self._by_email.get(email.lower())
