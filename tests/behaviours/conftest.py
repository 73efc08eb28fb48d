"""The embedded server, for the behaviours."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from tests.behaviours.running import Place, Pyodide, disturbed, pyodide
from tests.support.pages import browser_type_launch_args
from tests.support.project import LIFE, Project, embedded

__all__ = ["browser_type_launch_args"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server in each auth mode, and a way to the first."""
    with ExitStack() as stack:
        options = {"access_token_ttl": LIFE, "cors_enabled": True, "cors_origin": True}
        urls = {
            mode: stack.enter_context(embedded(tmp_path_factory.mktemp(mode), mode, **options)).url
            for mode in ("handshake", "strict", "public")
        }
        direct = urls.pop("handshake")
        url, control = stack.enter_context(disturbed(urlsplit(direct).port))
        person = {"email": Project.email, "password": Project.password, "token": Project.token}
        yield Place(url=url, direct=direct, control=control, **urls, **person)


@pytest.fixture(scope="module")
def page(browser: Browser, place: Place) -> Iterator[Pyodide]:
    """The page, served by the server itself by way of what can be cut."""
    with pyodide(browser, place.url) as opened:
        yield opened
