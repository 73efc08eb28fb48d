"""A real Directus answers as recorded: the recording and its player are right."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.directus import Template
from tests.contract.recording import Scenario, read
from tests.contract.replays import Replays, selected

RECORDED = read()
AT_ONCE = 2  # servers; each takes a processor to start and 700 MB


@pytest.fixture(scope="module")
def replays(
    request: pytest.FixtureRequest, install: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replays]:
    template = Template(install, tmp_path_factory.mktemp("contract"))
    with closing(Replays(selected(request), RECORDED, template.launch, AT_ONCE)) as replays:
        yield replays


@pytest.mark.parametrize("scenario", RECORDED, ids=str)
def test_answers_as_recorded(replays: Replays, scenario: Scenario) -> None:
    replays.result(scenario)
