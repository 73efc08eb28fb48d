"""Real Directus servers. Without `python3 -m tests --directus` nothing here is collected."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.contract.recording import CUSTOM_VERSION, RECORDED_VERSION
from tests.support.directus import INSTALL, Cluster, Node, Relayed, version
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open
from tests.support.proxy import TcpProxy
from tests.support.services import Services

if "DIRECTUS_INSTALL" not in os.environ:
    collect_ignore_glob = ["*"]
else:
    # Others do not answer letter for letter as they were recorded.
    recorded = {"test_contract.py": RECORDED_VERSION, "test_custom_permissions.py": CUSTOM_VERSION}
    collect_ignore = [name for name, needed in recorded.items() if version() != needed]

Start = Callable[..., Node]


@pytest.fixture(scope="session")
def install() -> Path:
    """Where Directus is installed."""
    return INSTALL


@pytest.fixture(scope="session")
def template(install: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an empty Directus that has ended: a copy of it starts faster."""
    folder = tmp_path_factory.mktemp("template")
    with closing(Node(install, folder)) as node:
        node.start()
        node.stop()
    return folder


@pytest.fixture(scope="session")
def start(
    install: Path, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Start]:
    """A function that starts an empty Directus, with more of its variables as keywords."""
    with ExitStack() as stack:

        def start_it(**env: str) -> Node:
            folder = tmp_path_factory.mktemp("directus")
            shutil.copytree(template, folder, dirs_exist_ok=True)
            node = Node(install, folder, env)
            stack.callback(node.close)
            node.start()
            return node

        yield start_it


@pytest.fixture(scope="session")
def directus(start: Start) -> Node:
    """One Directus on SQLite with the guide's project."""
    node = start()
    node.provision()
    return node


@pytest.fixture(scope="session")
def cluster(install: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two Directus nodes on PostgreSQL and Redis, with the guide's project."""
    with ExitStack() as stack:
        services = stack.enter_context(Services())
        # So that a page of any address may connect to them.
        variables = {**services.variables, "CORS_ENABLED": "true", "CORS_ORIGIN": "true"}
        nodes = []
        for name in ("a", "b"):
            node = Node(install, tmp_path_factory.mktemp(name), variables)
            stack.callback(node.close)
            node.start()
            nodes.append(node)
        nodes[0].provision()
        yield Cluster(*nodes)


@pytest.fixture
def proxy(directus: Node) -> Iterator[TcpProxy]:
    """A proxy for Directus, whose connections a test can cut."""
    with closing(TcpProxy(directus.port)) as proxy:
        yield proxy


@pytest.fixture
def site(directus: Node, proxy: TcpProxy, tmp_path: Path) -> Iterator[Relayed]:
    """The page, served by us, on a real Directus without messages, by way of the proxy."""
    directus.clear()
    with closing(Relayed(directus, proxy.url, tmp_path)) as relayed:
        yield relayed


@pytest.fixture
def lasting_site(site: Relayed) -> Relayed:
    """The same: here each test begins without messages, and shares no page with another."""
    return site


@pytest.fixture
def shared(open_page: Open) -> ObservedPage:
    """The page, opened for this test alone."""
    page = open_page()
    assert page.problems == [], "the usual start has no problem"
    page.begin_anew()
    return page
