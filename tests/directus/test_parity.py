"""What the JS SDK can do, once more on a real Directus."""

import pytest

from tests.app.test_parity import *  # noqa: F403
from tests.directus.conftest import Start
from tests.support.project import Project, on_directus


@pytest.fixture(scope="module")  # type: ignore[no-redef]
def project(start: Start) -> Project:
    """A project whose user may do everything with the messages."""
    return on_directus(start(), "handshake")
