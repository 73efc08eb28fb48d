"""Nothing is lost over cuts, whatever the key: on the embedded server's SQLite."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.history.keys import KEYED, Place, check_over_cuts, project
from tests.support.embedded import TOKEN, with_project
from tests.support.proxy import TcpProxy


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with (
        with_project(tmp_path_factory.mktemp("keys"), project(TOKEN)) as server,
        closing(TcpProxy(server.port)) as proxy,
    ):
        yield Place(server.url, proxy, TOKEN)


@pytest.mark.parametrize("name", KEYED)
def test_each_key_is_recovered(name: str, place: Place) -> None:
    check_over_cuts(place, KEYED[name])
