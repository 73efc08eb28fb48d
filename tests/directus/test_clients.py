"""What others' clients do on a real Directus, which is what is expected of the embedded server."""

import pytest

from tests.clients.running import EXPECTED, NAMES, outcomes
from tests.directus.conftest import Start
from tests.support.project import Project, chat_on_directus


@pytest.fixture(scope="module")
def project(start: Start) -> Project:
    """A Directus with the chat."""
    return chat_on_directus(start(LOGIN_STALL_TIME="0"))


@pytest.mark.parametrize("name", NAMES)
def test_a_client_of_others_finds_what_is_expected(name: str, project: Project) -> None:
    assert outcomes(name, project) == EXPECTED[name]
