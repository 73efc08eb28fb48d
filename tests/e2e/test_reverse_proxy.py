"""The page under a path behind a reverse proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_guide import OPENING
from tests.support.embedded import Embedded
from tests.support.pages import Open, Warm, opener
from tests.support.path_proxy import PathProxy

PATH = "/user/ben/proxy"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[PathProxy]:
    with Embedded(tmp_path) as server, PathProxy(PATH, server.port).running() as proxy:
        yield proxy


@pytest.fixture
def open_page(warm: Warm, proxy: PathProxy) -> Iterator[Open]:
    # What follows the path names no folder.
    with opener(warm, f"{proxy.url}?a=/b#/c") as open_it:
        yield open_it


def test_the_page_finds_its_server_under_its_own_path(open_page: Open, proxy: PathProxy) -> None:
    page = open_page()
    assert page.wait_for_lines(6) == OPENING
    page.page.evaluate("async () => await createItem('Hello World!', 'Ben')")
    page.wait_for_text("Hello World!")
    assert page.problems == []
    assert [path for path in proxy.paths if not path.startswith(f"{PATH}/")] == []
    # The socket that was opened before Python had loaded is the one that Python took over.
    assert [path for path in proxy.paths if "websocket" in path] == [f"{PATH}/websocket"]
