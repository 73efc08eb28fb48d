"""Every promise is kept on a real Directus, whatever the key and whatever the fault; in a page too.

The faults come from a seed, which ``SEED`` chooses. How many events there were is printed (``-s``).
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.directus.conftest import Start
from tests.history import keys
from tests.history.client import Make
from tests.history.keys import KEYED, check_over_cuts, make_on_directus
from tests.history.page import PageParticipant
from tests.history.recorder import Recorder
from tests.history.run import FAST, SLOW, WATCHFUL, Place, run, with_login, with_token
from tests.history.schedule import ONE_SERVER, TWO_NODES, Fault, Kind, schedule
from tests.history.test_history import CREATES, SEED, rows
from tests.support.directus import Cluster, Node, Relayed
from tests.support.embedded import Embedded
from tests.support.pages import Warm, opener
from tests.support.project import LIFE, on_directus
from tests.support.proxy import TcpProxy
from tests.support.tier import runs
from tools.local_directus import ADMIN_TOKEN


@pytest.fixture(scope="module")
def on_sqlite(start: Start) -> Iterator[keys.Place]:
    """A Directus on SQLite with a collection for every sort of key."""
    yield from keyed_place(start())


@pytest.fixture(scope="module")
def on_postgres(cluster: Cluster) -> Iterator[keys.Place]:
    """The same on PostgreSQL."""
    yield from keyed_place(cluster.a)


def keyed_place(node: Node) -> Iterator[keys.Place]:
    make_on_directus(node.admin)
    with closing(TcpProxy(node.port)) as proxy:
        yield keys.Place(node.url, proxy, ADMIN_TOKEN)


@pytest.mark.parametrize("name", KEYED)
def test_each_key_is_recovered_on_sqlite(name: str, on_sqlite: keys.Place) -> None:
    check_over_cuts(on_sqlite, KEYED[name])


@pytest.mark.parametrize("name", KEYED)
def test_each_key_is_recovered_on_postgres(name: str, on_postgres: keys.Place) -> None:
    check_over_cuts(on_postgres, KEYED[name])


def test_a_thousand_cuts_over_a_hundred_thousand_creates(warm: Warm, tmp_path: Path) -> None:
    faults = schedule(SEED, (Kind.CUT,), runs(1_000), creates=100)
    with Embedded(tmp_path) as server, closing(TcpProxy(server.port)) as proxy:
        place = Place(proxy, [server], lambda: rows(server.url))
        makes = [(with_token(proxy.url), FAST)]
        counts = run_with_a_page(warm, proxy.url, place, faults, makes, creates=100)
    assert counts["invoked"] == 100 * len(faults) + 2


def test_each_promise_is_kept_on_directus(warm: Warm, start: Start, tmp_path: Path) -> None:
    kinds = (*ONE_SERVER, Kind.EXPIRE)
    faults = schedule(SEED, kinds, max(len(kinds), runs(100)), creates=CREATES)
    node = start(ACCESS_TOKEN_TTL=f"{LIFE}s", LOGIN_STALL_TIME="0")
    project = on_directus(node, "handshake")
    with closing(node), closing(TcpProxy(node.port)) as proxy:
        place = Place(proxy, [node], lambda: rows(node.url))
        makes = [
            (with_token(proxy.url), FAST),
            (with_login(proxy.url, project.email, project.password, WATCHFUL), SLOW),
        ]
        with closing(Relayed(node, proxy.url, tmp_path)) as relayed:
            run_with_a_page(warm, relayed.url, place, faults, makes)


def test_each_promise_is_kept_on_two_nodes(warm: Warm, cluster: Cluster, tmp_path: Path) -> None:
    faults = schedule(SEED, TWO_NODES, max(len(TWO_NODES), runs(100)), creates=CREATES)
    cluster.a.clear()
    with closing(TcpProxy(cluster.a.port)) as proxy:
        place = Place(proxy, [cluster.a, cluster.b], lambda: rows(cluster.b.url))
        makes = [(with_token(proxy.url), FAST)]
        with closing(Relayed(cluster.a, proxy.url, tmp_path)) as relayed:
            run_with_a_page(warm, relayed.url, place, faults, makes)
    cluster.a.clear()


def run_with_a_page(
    warm: Warm,
    url: str,
    place: Place,
    faults: Sequence[Fault],
    makes: Sequence[tuple[Make, float]],
    *,
    creates: int = CREATES,
) -> dict[str, int]:
    """Run it with the page at an address besides, and print how many events of each kind came."""
    recorder = Recorder()
    with opener(warm, url) as open_page:
        page = PageParticipant(open_page, recorder)
        counts = run(place, faults, creates=creates, recorder=recorder, makes=makes, others=[page])
    print(counts)
    return counts
