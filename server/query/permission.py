"""A permission: the fields and rows that an action may touch. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass

from server.project import Collection
from server.query.filters import Filter, Group


@dataclass(frozen=True)
class Permission:
    """What an action may touch: fields, ``*`` for all, and the rows that pass ``rule``.

    Where several policies let different fields of different rows be touched, they are the
    ``cases``, and the permission is their union.
    """

    fields: tuple[str, ...] = ("*",)
    rule: Filter | None = None
    cases: tuple["Permission", ...] = ()

    def visible(self, collection: Collection) -> tuple[str, ...]:
        """Return the fields of ``collection`` that the action may touch, in their order."""
        names = collection.by_name
        return tuple(names if "*" in self.fields else (n for n in names if n in self.fields))

    def rows(self, names: Iterable[str]) -> Filter | None:
        """Return which rows are found by who asks for the fields ``names``; None for all.

        A row of which none of them may be read is not found.
        """
        asked = set(names)
        found = [case for case in self.cases if "*" in case.fields or asked & set(case.fields)]
        return either(found) if found and asked else self.rule

    def shows(self, name: str) -> Filter | None:
        """Return in which rows the field ``name`` may be read; None for all."""
        return self.rows([name])


EVERYTHING = Permission()
"""The permission of an administrator."""


def either(cases: Iterable[Permission]) -> Filter | None:
    """Return which rows are in one of ``cases``; None for all."""
    rules = [case.rule for case in cases]
    some = tuple(rule for rule in rules if rule is not None)
    if len(some) < len(rules):
        return None
    return some[0] if len(some) == 1 else Group("_or", some)


@dataclass(frozen=True)
class Reading:
    """What may be read of each of the collections that a query touches; None is nothing."""

    permissions: tuple[tuple[str, Permission | None], ...] = ()

    def of(self, collection: str) -> Permission | None:
        """Return what may be read of ``collection``."""
        return dict(self.permissions).get(collection)
