"""A real Directus answers as recorded where permissions are for some rows and fields only."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.directus import Template
from tests.contract.fixtures import CUSTOM_USERS, USERS
from tests.contract.recording import CUSTOM, Scenario, read
from tests.contract.replays import Replays


@pytest.mark.parametrize("scenario", read(CUSTOM), ids=str)
def test_answers_as_recorded(install: Path, tmp_path: Path, scenario: Scenario) -> None:
    template = Template(install, tmp_path, (*USERS, *CUSTOM_USERS))
    with closing(Replays([scenario.name], [scenario], template.launch, 1)) as replays:
        replays.result(scenario)
