"""A real Directus answers as recorded where permissions are for some rows and fields only."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.directus import Template
from tests.contract.fixtures import CUSTOM_USERS, USERS
from tests.contract.recording import CUSTOM, Scenario, read
from tests.contract.replays import Replays, selected

RECORDED = read(CUSTOM)


@pytest.fixture(scope="module")
def replays(
    request: pytest.FixtureRequest, install: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replays]:
    folder = tmp_path_factory.mktemp("contract")
    template = Template(install, folder, (*USERS, *CUSTOM_USERS))
    with closing(Replays(selected(request), RECORDED, template.launch, 1)) as replays:
        yield replays


@pytest.mark.parametrize("scenario", RECORDED, ids=str)
def test_answers_as_recorded(replays: Replays, scenario: Scenario) -> None:
    replays.result(scenario)
