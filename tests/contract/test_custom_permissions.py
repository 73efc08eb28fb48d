"""The embedded server keeps to permissions for rows and fields, as Directus was recorded to."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.contract.embedded import Template
from tests.contract.recording import CUSTOM, Scenario, read
from tests.contract.replays import Replays, selected
from tests.contract.scenarios import embedded

RECORDED = embedded(read(CUSTOM))


@pytest.fixture(scope="module")
def replays(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replays]:
    template = Template(tmp_path_factory.mktemp("contract"), custom=True)
    with closing(Replays(selected(request), RECORDED, template.launch, 1)) as replays:
        yield replays


@pytest.mark.parametrize("scenario", RECORDED, ids=str)
def test_answers_as_recorded(replays: Replays, scenario: Scenario) -> None:
    replays.result(scenario)
