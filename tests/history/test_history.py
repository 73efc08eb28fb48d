"""A client on CPython and the embedded server, with faults from a seed: every promise is kept.

The schedule of a run is printed where it fails; ``SEED`` chooses another one. Longer runs, with a
page, a real Directus and two nodes, are those of ``tests/directus/test_history.py``.
"""

import os
from contextlib import closing
from pathlib import Path

from tests.history.recorder import Recorder
from tests.history.run import FAST, SLOW, WATCHFUL, Place, run, with_login, with_token
from tests.history.schedule import NETWORK, ONE_SERVER, Kind, schedule
from tests.support import plain_http
from tests.support.embedded import TOKEN, Embedded
from tests.support.project import LIFE, Project, embedded
from tests.support.proxy import TcpProxy
from tests.support.tier import runs

SEED = int(os.environ.get("SEED", "1"))
CREATES = 60


def rows(url: str) -> list[dict[str, object]]:
    """Return all messages."""
    query = {"limit": "-1", "fields": "id,text"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = plain_http.get(f"{url}/items/messages", params=query, headers=headers, timeout=60)
    found: list[dict[str, object]] = answer.raise_for_status().json()["data"]
    return found


def test_each_promise_is_kept_on_the_embedded_server(tmp_path: Path) -> None:
    faults = schedule(SEED, ONE_SERVER, max(len(ONE_SERVER), runs(240)), creates=CREATES)
    with Embedded(tmp_path) as server, closing(TcpProxy(server.port)) as proxy:
        place = Place(proxy, [server], lambda: rows(server.url))
        counts = run(
            place,
            faults,
            creates=CREATES,
            recorder=Recorder(),
            makes=[(with_token(proxy.url), FAST)] * 2,
        )
    print(counts)
    assert counts["invoked"] == len(faults) * CREATES + 2
    assert counts["injected"] == len(faults)


def test_each_promise_is_kept_while_tokens_expire(tmp_path: Path) -> None:
    kinds = (Kind.EXPIRE, *NETWORK)
    faults = schedule(SEED, kinds, max(len(kinds), runs(80)), creates=CREATES)
    server = embedded(tmp_path, access_token_ttl=LIFE)
    with server, closing(TcpProxy(server.port)) as proxy:
        place = Place(proxy, [], lambda: rows(server.url))
        login = (proxy.url, Project.email, Project.password)
        makes = [(with_login(*login), FAST), (with_login(*login, WATCHFUL), SLOW)]
        counts = run(place, faults, creates=CREATES, recorder=Recorder(), makes=makes)
    print(counts)
    assert counts["expired"] >= sum(fault.kind is Kind.EXPIRE for fault in faults)
