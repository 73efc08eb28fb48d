"""A scripted stand-in for a Directus, on a real port."""

from collections.abc import Iterator

import pytest

from server.background import Background
from tests.support.background import server_for
from tests.tools.standin import StandIn
from tools.directus_admin import DirectusAdmin


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def admin(stand_in: StandIn) -> Iterator[DirectusAdmin]:
    """The way to the stand-in."""
    with Background(server_for(stand_in.app())) as server, DirectusAdmin(server.url) as admin:
        yield admin
