"""The fields of a query as a tree, along relations, and the check of all its names. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from server.config import MAX_QUERY_NAMES
from server.errors import forbidden_collection, forbidden_fields, invalid_query
from server.project import INTEGERS, Collection
from server.query.filters import names_of
from server.query.functions import field_of, path_of, shown_path
from server.query.permission import Reading
from server.query.query import Query

Tree = dict[str, "Tree | None"]
"""Fields, or calls of them, in the order of the answer; of a relation, the related fields."""

_ALL = ("*",)


def tree_of(query: Query, collection: Collection, reading: Reading) -> Tree:
    """Return the fields that ``query`` asks for; of ``*`` those that may be read.

    Raises:
        DirectusError: they are too many.
    """
    paths = [shown_path(name) for name in (_ALL if query.fields is None else query.fields)]
    return _Grower(reading).grow(paths, collection)


class _Grower:
    """Makes one tree, and refuses it as soon as it is too large."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._names = 0

    def grow(self, paths: Iterable[list[str]], collection: Collection) -> Tree:
        tree: Tree = {}
        below: dict[str, list[list[str]]] = {}
        written = [one for path in paths for one in self._written_out(path, collection)]
        for name, *rest in written:
            tree.setdefault(name, None)
            if rest:
                below.setdefault(name, []).append(rest)
        plain = {path[0] for path in written if len(path) == 1}
        for name, paths_below in below.items():
            other = collection.related(name)
            if other is not None and self._reading.of(other.name) is not None:
                tree[name] = self.grow(paths_below, other)
            elif name not in plain and self._leaves_out(collection, name):
                del tree[name]
        return tree

    def _leaves_out(self, collection: Collection, name: str) -> bool:
        """Return whether Directus leaves out what is below ``name`` without a word.

        It does so where a related row may not be read at all, and where there is no relation. What
        may be meant for one is refused by name here: unknown fields, and fields of keys.
        """
        permission = self._reading.of(collection.name)
        if permission is None or name not in permission.visible(collection):
            return False
        is_key = collection.by_name[name].type in (*INTEGERS, "uuid")
        if is_key and collection.related(name) is None:
            raise invalid_query(
                f'"{name}" in collection "{collection.name}" is no relation: "references" in the '
                "project's file makes it one"
            )
        return True

    def _written_out(self, path: list[str], collection: Collection) -> Iterator[list[str]]:
        """Yield ``path``, or what it stands for if it begins with ``*``: relations first."""
        if path[0] != "*":
            yield from self._counted([path])
            return
        permission = self._reading.of(collection.name)
        names = list(permission.visible(collection) if permission else ())
        if len(path) > 1:
            names.sort(key=lambda name: collection.related(name) is None)
        yield from self._counted(
            [name, *path[1:]] if collection.related(name) else [name] for name in names
        )

    def _counted(self, paths: Iterable[list[str]]) -> Iterator[list[str]]:
        for path in paths:
            self._names += 1
            if self._names > MAX_QUERY_NAMES:
                raise invalid_query(f'"fields" stands for more than {MAX_QUERY_NAMES:,} fields')
            yield path


def touched(query: Query, collection: Collection) -> tuple[str, ...]:
    """Return the names of the collections that ``query`` may lead to, ``collection`` first."""
    found = {collection.name: None}
    for path in (*map(shown_path, query.fields or ()), *_paths(query)):
        level = [collection]
        for name in path[:-1]:
            names = [name] if name != "*" else None
            level = [
                other
                for each in level
                for field in names or each.by_name
                if (other := each.related(field))
            ]
            level = list({each.name: each for each in level}.values())
            found |= dict.fromkeys(each.name for each in level)
    return tuple(found)


def _paths(query: Query) -> Iterator[list[str]]:
    """Yield the paths of a query's filter, the last one first as in Directus, and of its sort."""
    for name in reversed([*names_of(query.filter)] if query.filter else []):
        yield path_of(name)
    for name in query.sort:
        yield path_of(name.removeprefix("-"))


@dataclass
class _Used:
    """The fields that a query uses of each collection, by the path that leads there."""

    of: dict[tuple[str, ...], tuple[Collection, dict[str, None]]] = field(default_factory=dict)

    def add_tree(self, tree: Tree, collection: Collection, path: tuple[str, ...] = ()) -> None:
        self._names(collection, path)
        for name, below in tree.items():
            self._names(collection, path)[field_of(name)] = None
            if below is not None:
                other = collection.related(name)
                assert other is not None, "a tree grows along relations"
                self.add_tree(below, other, (*path, name))

    def add_path(self, names: Sequence[str], collection: Collection) -> None:
        path: tuple[str, ...] = ()
        for name in names:
            self._names(collection, path)[field_of(name)] = None
            if other := collection.related(name):
                collection, path = other, (*path, name)

    def _names(self, collection: Collection, path: tuple[str, ...]) -> dict[str, None]:
        return self.of.setdefault(path, (collection, {}))[1]

    def check_known(self) -> None:
        for path, (collection, names) in self.of.items():
            if unknown := [name for name in names if name not in collection.by_name]:
                raise forbidden_fields(unknown, collection.name, path)

    def check_readable(self, reading: Reading) -> None:
        for path, (collection, names) in self.of.items():
            permission = reading.of(collection.name)
            if permission is None:
                raise forbidden_collection(collection.name, path)
            visible = permission.visible(collection)
            if hidden := [name for name in names if name not in visible]:
                raise forbidden_fields(hidden, collection.name, path)


def check_names(
    query: Query, tree: Tree, collection: Collection, reading: Reading, *, by_key: bool = False
) -> None:
    """Check all names of ``query``, whose fields are ``tree``; and the key, where it chooses rows.

    Raises:
        DirectusError: a name is unknown, or may not be read.
    """
    shown, used = _Used(), _Used()
    shown.add_tree(tree, collection)
    if by_key:
        used.add_path([collection.key.name], collection)
    for path in _paths(query):
        used.add_path(path, collection)
    # Of several faults, Directus names the first in this order.
    used.check_known()
    shown.check_known()
    shown.check_readable(reading)
    used.check_readable(reading)
