"""The page on the embedded server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.embedded import Embedded


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Embedded]:
    """A server with an empty database."""
    with Embedded(tmp_path) as server:
        yield server
