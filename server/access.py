"""Who may do what: tokens, users, policies, and the rights that follow. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

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
        return Permission() if self.admin else self._permissions.get((collection, action))


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
    return Permission(tuple(fields), rows)


class Access:
    """Finds the rights of a token. ``ids`` are the users' keys by their e-mail addresses."""

    def __init__(self, project: Project, ids: Mapping[str, str]) -> None:
        self.public = Rights(None, project.public)
        self._by_token = {
            user.token: Rights(ids[user.email], user.policies)
            for user in project.users
            if user.token
        }

    def rights(self, token: str) -> Rights | None:
        """Return what the owner of ``token`` may do, or None if nobody has it."""
        return self._by_token.get(token)
