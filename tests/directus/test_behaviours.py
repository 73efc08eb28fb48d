"""Each of the SDK's behaviours once more, on a real Directus: on CPython and in Pyodide.

The page is served by us and talks to Directus directly, across origins, which it is
set up to accept; `test_page.py` goes through our relay. The servers outlive this module, since the
tests with a browser come last.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.behaviours.running import Place, Pyodide, disturbed, pyodide
from tests.behaviours.test_behaviours import test_in_pyodide, test_on_cpython
from tests.directus.conftest import Start
from tests.support.directus import version
from tests.support.embedded import Embedded
from tests.support.pages import Warm
from tests.support.project import LIFE, on_directus

__all__ = ["test_in_pyodide", "test_on_cpython"]


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """What serves the page; its own database is not used."""
    with Embedded(tmp_path_factory.mktemp("host")) as server:
        yield server


@pytest.fixture(scope="session")
def place(host: Embedded, start: Start) -> Iterator[Place]:
    """A Directus in each auth mode that accepts the page's origin, and a proxy for the first."""
    with ExitStack() as stack:
        nodes, projects = {}, {}
        for mode in ("handshake", "strict", "public"):
            nodes[mode] = node = start(
                WEBSOCKETS_REST_AUTH=mode,
                ACCESS_TOKEN_TTL=f"{LIFE}s",
                LOGIN_STALL_TIME="0",
                CORS_ENABLED="true",
                CORS_ORIGIN=host.url,
            )
            stack.callback(node.close)
            projects[mode] = on_directus(node, mode)
        direct = projects["handshake"]
        url, control = stack.enter_context(disturbed(nodes["handshake"].port))
        yield Place(
            url=url,
            direct=direct.url,
            strict=projects["strict"].url,
            public=projects["public"].url,
            token=direct.token,
            email=direct.email,
            password=direct.password,
            control=control,
            unknown_collection="FORBIDDEN" if version() >= (12, 4) else "INVALID_COLLECTION",
        )


@pytest.fixture(scope="module")
def page(warm: Warm, host: Embedded, place: Place) -> Iterator[Pyodide]:
    """The page at its own origin, which is not that of Directus."""
    with pyodide(warm, host.url) as opened:
        yield opened
