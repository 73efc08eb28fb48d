"""Each wrong set-up, made on purpose: page and console say in one sentence what to change."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.directus.conftest import Start
from tests.support.directus import Node, version
from tests.support.embedded import Embedded, free_port
from tests.support.observed_page import ObservedPage
from tools.local_directus import ADMIN_TOKEN

Say = Callable[..., None]


@pytest.fixture
def says(browser: Browser, tmp_path: Path) -> Say:
    """A function that opens the page on a Directus and expects these words in its error."""

    def expect_words(directus: str, *words: str, token: str, direct: bool = False) -> None:
        options = ["--directus", directus, "--token", token, *(["--direct"] if direct else [])]
        with Embedded(tmp_path, *options) as server, browser.new_context() as context:
            page = ObservedPage(context.new_page(), {})
            page.page.goto(server.url)
            for word in words:
                expect(page.page.locator("#error")).to_contain_text(word, timeout=60_000)
            sentence = page.page.text_content("#error")
            assert sentence in page.problems
            assert "Traceback" not in "".join(page.problems)

    return expect_words


@pytest.mark.parametrize("direct", [False, True], ids=["relayed", "direct"])
def test_realtime_not_enabled(start: Start, says: Say, direct: bool) -> None:
    node = start(WEBSOCKETS_ENABLED="false", CORS_ENABLED="true", CORS_ORIGIN="true")
    node.provision()
    says(node.url, "WEBSOCKETS_ENABLED=true", token=node.token, direct=direct)


def test_a_wrong_token(directus: Node, says: Say) -> None:
    says(directus.url, "refused the token", "static token", token="wrong")


def test_a_collection_that_is_missing(start: Start, says: Say) -> None:
    # Before 12.4 Directus says that it is not there, and the policy is no cure for that.
    cure = ["Public Posts"] if version() >= (12, 4) else []
    says(start().url, "see that the collection exists", *cure, token=ADMIN_TOKEN)


@pytest.mark.skipif(
    version() < (12, 4), reason="this Directus lets a page of any origin open its socket"
)
def test_an_origin_that_is_refused(directus: Node, says: Say) -> None:
    words = ("CORS_ENABLED=true", "CORS_ORIGIN")
    says(directus.url, *words, token=directus.token, direct=True)


@pytest.mark.parametrize("direct", [False, True], ids=["relayed", "direct"])
def test_a_wrong_address(says: Say, direct: bool) -> None:
    says(f"http://127.0.0.1:{free_port()}", "address", token="any", direct=direct)
