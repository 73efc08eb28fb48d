"""The embedded server keeps to permissions for rows and fields, as Directus was recorded to."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.embedded import Template
from tests.contract.recording import CUSTOM, Scenario, read
from tests.contract.replays import Replays
from tests.contract.scenarios import embedded


@pytest.mark.parametrize("scenario", embedded(read(CUSTOM)), ids=str)
def test_answers_as_recorded(scenario: Scenario, tmp_path: Path) -> None:
    template = Template(tmp_path, custom=True)
    with closing(Replays([scenario.name], [scenario], template.launch, 1)) as replays:
        replays.result(scenario)
