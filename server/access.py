"""Who may do what: tokens, users, policies, and the rights that follow. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from server.filters import Context, Filter, Group, read_filter
from server.project import Action, Collection, Policy, Project, Rule


@dataclass(frozen=True)
class Permission:
    """What an action may touch: fields, ``*`` for all, and the rows that pass ``rule``."""

    fields: tuple[str, ...] = ("*",)
    rule: Filter | None = None

    def visible(self, collection: Collection) -> tuple[str, ...]:
        """Return the fields of ``collection`` that the action may touch, in their order."""
        names = collection.by_name
        return tuple(names if "*" in self.fields else (n for n in names if n in self.fields))


_EVERYTHING = Permission()


@dataclass(frozen=True)
class Rights:
    """What somebody may do; ``user`` is None for the public."""

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
        # A rule's own $NOW is that of the moment somebody came in.
        context = Context(self.user, datetime.now(UTC))
        return {scope: _united(found, context) for scope, found in rules.items()}

    def permission(self, collection: str, action: Action) -> Permission | None:
        """Return what ``action`` may touch of ``collection``, or None for nothing."""
        return _EVERYTHING if self.admin else self._permissions.get((collection, action))


def _united(rules: Iterable[Rule], context: Context) -> Permission:
    fields: dict[str, None] = {}
    filters: list[Filter] = []
    everything = False
    for rule in rules:
        fields.update(dict.fromkeys(rule.fields))
        condition = read_filter(rule.filter, context) if rule.filter else None
        if condition is None:
            everything = True
        else:
            filters.append(condition)
    rows = None if everything else Group("_or", tuple(filters))
    return _shared(Permission(tuple(fields), rows))


@lru_cache
def _shared(permission: Permission) -> Permission:
    """Return one object for equal permissions, so that who sees the same is known at a glance."""
    return permission


@dataclass(frozen=True, slots=True)
class Account:
    """A user: the key, the rights, and the password, plain or as an Argon2 hash."""

    id: str
    email: str
    rights: Rights
    password: str


class Access:
    """Finds accounts. ``ids`` are the users' keys by their e-mail addresses."""

    def __init__(self, project: Project, ids: Mapping[str, str]) -> None:
        self.public = Rights(None, project.public)
        self._by_token: dict[str, Rights] = {}
        self._by_email: dict[str, Account] = {}
        self._by_id: dict[str, Account] = {}
        for user in project.users:
            key = ids[user.email]
            account = Account(key, user.email, Rights(key, user.policies), user.password)
            self._by_email[user.email.lower()] = self._by_id[key] = account
            if user.token:
                self._by_token[user.token] = account.rights

    def rights(self, token: str) -> Rights | None:
        """Return what the owner of a static token may do, or None if nobody has it."""
        return self._by_token.get(token)

    def account(self, key: str) -> Account | None:
        """Return the user with this key, or None."""
        return self._by_id.get(key)

    def by_email(self, email: str) -> Account | None:
        """Return the user with this e-mail address, in any case, or None."""
        return self._by_email.get(email.lower())
