"""What the JS SDK can do, once more on a real Directus."""

import pytest

from tests.app.test_parity import *  # noqa: F403
from tests.directus.conftest import Start
from tests.support import editors
from tests.support.editors import Editors


@pytest.fixture(scope="module")
def project(start: Start) -> Editors:
    """A project whose user may do everything with the messages."""
    return editors.on_directus(start(), "handshake")
