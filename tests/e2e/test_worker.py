"""The SDK in a worker of a stock PyScript page, with and without cross-origin isolation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.observed_page import ObservedPage
from tests.support.project import Project, embedded
from tests.support.stock import STARTED_WITHIN, stock_page
from tests.support.tier import costly

SCENE = """
import js
from directus_realtime import (
    UsageError, create_directus, local_storage, read_items, realtime, rest, static_token
)

print("worker", hasattr(js, "WorkerGlobalScope"))
project = create_directus("{url}").with_(static_token("{token}"))
directus = project.with_(realtime())
await directus.connect()
subscription = await directus.subscribe("messages", event="create", query={{"fields": ["text"]}})
print((await anext(subscription))["event"])
await directus.items("messages").create({{"text": "from a worker"}})
print((await anext(subscription))["data"])
query = {{"fields": ["text"], "limit": 1}}
print(await project.with_(rest()).request(read_items("messages", query)))
try:
    local_storage()
except UsageError as error:
    print(error)
directus.on_state(lambda change: print(change.state))
js.dispatchEvent(js.Event.new("offline"))
js.dispatchEvent(js.Event.new("online"))
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Project]:
    """A project that lets pages of other origins in."""
    with embedded(tmp_path, cors_enabled=True, cors_origin=True) as server:
        yield Project(server.url)


@pytest.mark.parametrize(
    "isolated", [False, pytest.param(True, marks=costly)], ids=["plain", "isolated"]
)
def test_it_connects_subscribes_and_creates(blank: Page, site: Project, isolated: bool) -> None:
    code = SCENE.format(url=site.url, token=site.token)
    with stock_page(code, attributes="worker", isolated=isolated) as address:
        page = ObservedPage(blank, {})
        page.page.goto(address)
        lines = page.wait_for_lines(7, STARTED_WITHIN)
        assert page.page.evaluate("crossOriginIsolated") is isolated
    row = {"text": "from a worker"}
    assert lines[:4] == ["worker True", "init", str([row]), str([row])]
    assert "this is a worker: pass an object of your own with `get` and `set`" in lines[4]
    assert lines[5:7] == ["waiting", "connecting"]
    # Where it is not isolated, PyScript says of every worker what it lacks.
    assert [each for each in page.problems if "SharedArrayBuffer" not in each] == []
