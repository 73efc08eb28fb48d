"""A permission: the fields and rows that an action may touch. No I/O."""

from dataclasses import dataclass

from server.project import Collection
from server.query.filters import Filter


@dataclass(frozen=True)
class Permission:
    """What an action may touch: fields, ``*`` for all, and the rows that pass ``rule``."""

    fields: tuple[str, ...] = ("*",)
    rule: Filter | None = None

    def visible(self, collection: Collection) -> tuple[str, ...]:
        """Return the fields of ``collection`` that the action may touch, in their order."""
        names = collection.by_name
        return tuple(names if "*" in self.fields else (n for n in names if n in self.fields))
