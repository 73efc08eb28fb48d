"""A scripted stand-in for a Directus, on a real port."""

from collections.abc import Iterator

import pytest

from tests.support.background import Background, server_for
from tests.tools.standin import StandIn
from tools.remote import Remote


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn()


@pytest.fixture
def remote(stand_in: StandIn) -> Iterator[Remote]:
    """The way to the stand-in."""
    with Background(server_for(stand_in.app())) as server, Remote(server.url) as remote:
        yield remote
