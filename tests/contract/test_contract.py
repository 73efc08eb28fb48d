"""The embedded server answers as Directus was recorded to."""

import os
from collections.abc import Iterator

import pytest

from tests.contract.embedded import Template
from tests.contract.recording import Scenario, read
from tests.contract.replays import Replays, selected
from tests.contract.scenarios import embedded, setup_of


def takes_a_minute(scenario: Scenario) -> bool:
    return bool(setup_of(scenario).alone)


# Those that take a minute are for longer runs, and come last there: others are played meanwhile.
SHORT = "DIRECTUS_INSTALL" not in os.environ
RECORDED = [each for each in embedded(read()) if not (SHORT and takes_a_minute(each))]
IN_ORDER = sorted(RECORDED, key=takes_a_minute)
AT_ONCE = 6  # servers; most of them wait for timers


@pytest.fixture(scope="module")
def replays(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replays]:
    template = Template(tmp_path_factory.mktemp("contract"))
    replays = Replays(selected(request), RECORDED, template.launch, AT_ONCE)
    yield replays
    replays.close()


@pytest.mark.parametrize("scenario", IN_ORDER, ids=str)
def test_answers_as_recorded(replays: Replays, scenario: Scenario) -> None:
    replays.result(scenario)
