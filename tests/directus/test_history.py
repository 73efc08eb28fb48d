"""Every promise is kept on a real Directus, whatever the key and whatever the fault."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.directus.conftest import Start
from tests.history.keys import KEYED, Place, check_over_cuts, make_on_directus
from tests.support.directus import Cluster, Node
from tests.support.proxy import TcpProxy
from tools.local_directus import ADMIN_TOKEN


@pytest.fixture(scope="module")
def on_sqlite(start: Start) -> Iterator[Place]:
    """A Directus on SQLite with a collection for every sort of key."""
    yield from keyed_place(start())


@pytest.fixture(scope="module")
def on_postgres(cluster: Cluster) -> Iterator[Place]:
    """The same on PostgreSQL."""
    yield from keyed_place(cluster.a)


def keyed_place(node: Node) -> Iterator[Place]:
    make_on_directus(node.admin)
    with closing(TcpProxy(node.port)) as proxy:
        yield Place(node.url, proxy, ADMIN_TOKEN)


@pytest.mark.parametrize("name", KEYED)
def test_each_key_is_recovered_on_sqlite(name: str, on_sqlite: Place) -> None:
    check_over_cuts(on_sqlite, KEYED[name])


@pytest.mark.parametrize("name", KEYED)
def test_each_key_is_recovered_on_postgres(name: str, on_postgres: Place) -> None:
    check_over_cuts(on_postgres, KEYED[name])
