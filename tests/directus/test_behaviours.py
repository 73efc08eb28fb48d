"""Each of the SDK's behaviours once more, on a real Directus: on CPython and in Pyodide.

The page is served by us and talks to Directus directly, across origins, as Directus is set up to
let it; `test_page.py` is what goes by way of our relay. The servers outlive this module, since the
tests with a browser come last.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.behaviours.running import Place, Pyodide, disturbed, pyodide
from tests.behaviours.test_behaviours import test_in_pyodide, test_on_cpython
from tests.directus.conftest import Start
from tests.support.directus import Node
from tests.support.embedded import Embedded
from tests.support.project import LIFE
from tools.provision import EMAIL, POLICY

__all__ = ["test_in_pyodide", "test_on_cpython"]

PASSWORD = "editor-password"
PUBLIC = "abf8a154-5b1c-4a46-ac9c-7300570f4f17"
"""The key of the policy of those who do not say who they are."""
ALL = {"fields": ["*"], "permissions": {}, "validation": {}}
NOTES = {
    "collection": "notes",
    "meta": {},
    "schema": {},
    "fields": [
        {
            "field": "id",
            "type": "uuid",
            "meta": {"special": ["uuid"]},
            "schema": {"is_primary_key": True},
        },
        {"field": "text", "type": "text", "meta": {}, "schema": {}},
    ],
}


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """What serves the page; its own database is of no account."""
    server = Embedded(tmp_path_factory.mktemp("host")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def place(host: Embedded, start: Start) -> Iterator[Place]:
    """A Directus in each auth mode that lets the page in, and a way to the first."""
    with ExitStack() as stack:
        nodes = {}
        for mode in ("handshake", "strict", "public"):
            nodes[mode] = node = start(
                WEBSOCKETS_REST_AUTH=mode,
                ACCESS_TOKEN_TTL=f"{LIFE}s",
                LOGIN_STALL_TIME="0",
                CORS_ENABLED="true",
                CORS_ORIGIN=host.url,
            )
            stack.callback(node.close)
            _set_up(node, mode)
        direct = nodes["handshake"]
        url, control = stack.enter_context(disturbed(direct.port))
        yield Place(
            url=url,
            direct=direct.url,
            strict=nodes["strict"].url,
            public=nodes["public"].url,
            token=direct.token,
            email=EMAIL,
            password=PASSWORD,
            control=control,
        )


@pytest.fixture(scope="module")
def page(browser: Browser, host: Embedded, place: Place) -> Iterator[Pyodide]:
    """The page at its own origin, which is not that of Directus."""
    with pyodide(browser, host.url) as opened:
        yield opened


def _set_up(node: Node, mode: str) -> None:
    """Make the guide's project, notes besides, and let its user do everything with both."""
    node.provision()
    _post(node, "/collections", NOTES)
    (user,) = _find(node, "/users", "email", EMAIL)
    node.admin.patch(f"/users/{user['id']}", json={"password": PASSWORD}).raise_for_status()
    (policy,) = _find(node, "/policies", "name", POLICY)
    for action in ("update", "delete"):
        _allow(node, policy["id"], "messages", action)
    for action in ("read", "create"):
        _allow(node, policy["id"], "notes", action)
        if mode == "public":
            _allow(node, PUBLIC, "messages", action)


def _allow(node: Node, policy: str, collection: str, action: str) -> None:
    rule = {"policy": policy, "collection": collection, "action": action, **ALL}
    _post(node, "/permissions", rule)


def _find(node: Node, path: str, field: str, value: str) -> list[dict[str, str]]:
    found = node.admin.get(path, params={f"filter[{field}][_eq]": value})
    rows: list[dict[str, str]] = found.raise_for_status().json()["data"]
    return rows


def _post(node: Node, path: str, body: object) -> None:
    node.admin.post(path, json=body).raise_for_status()
