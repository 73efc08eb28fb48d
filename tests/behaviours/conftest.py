"""The embedded server, for the behaviours."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from server.config import AuthMode
from tests.behaviours.running import Place, Pyodide, disturbed, pyodide
from tests.support.pages import Warm
from tests.support.project import LIFE, Project, embedded

MODES: tuple[AuthMode, ...] = ("handshake", "strict", "public")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A server in each auth mode, and a proxy for the first."""
    with ExitStack() as stack:
        options: dict[str, Any] = {
            "access_token_ttl": LIFE,
            "cors_enabled": True,
            "cors_origin": True,
        }
        servers = {
            mode: stack.enter_context(embedded(tmp_path_factory.mktemp(mode), mode, **options))
            for mode in MODES
        }
        url, control = stack.enter_context(disturbed(servers["handshake"].port))
        person = {"email": Project.email, "password": Project.password, "token": Project.token}
        yield Place(
            url=url,
            direct=servers["handshake"].url,
            strict=servers["strict"].url,
            public=servers["public"].url,
            control=control,
            **person,
        )


@pytest.fixture(scope="module")
def page(warm: Warm, place: Place) -> Iterator[Pyodide]:
    """The page, served by the server itself through the proxy."""
    with pyodide(warm, place.url) as opened:
        yield opened
