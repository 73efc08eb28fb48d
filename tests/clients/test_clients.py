"""Others' clients do here what they do on a real Directus, or are refused by name.

`tests/directus/test_clients.py` runs the same on a real Directus.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.running import EXPECTED, NAMES, REFUSED, is_refused, outcomes
from tests.support.embedded import ROOT
from tests.support.project import CHAT, ann, embedded


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a server with the chat."""
    with embedded(tmp_path, text=CHAT) as server:
        yield server.url


@pytest.mark.parametrize("name", NAMES)
def test_a_client_of_others_does_what_it_does_on_a_directus(name: str, url: str) -> None:
    found = outcomes(name, ann(url))
    for check, words in REFUSED[name].items():
        assert is_refused(found.pop(check), words), check
    assert found == {
        check: outcome for check, outcome in EXPECTED[name].items() if check not in REFUSED[name]
    }


def test_what_is_refused_is_written_down() -> None:
    document = (ROOT / "docs" / "embedded-server.md").read_text(encoding="utf-8")
    section = document.split("## Other clients")[1]
    refused = {words for each in REFUSED.values() for words in each.values()}
    for words in refused:
        named = words.partition(" ")[2].replace('"', "").removesuffix("/me/messages/1")
        assert f"`{named}`" in section, named
