"""Reads made by chance find the same rows here and on a real Directus."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.contract.directus import Template as DirectusTemplate
from tests.contract.embedded import Template as EmbeddedTemplate
from tests.contract.scenarios import Setup
from tests.contract.seed import administrator
from tests.support import plain_http
from tests.support.generated_reads import GUEST, READERS, Reads, add_rows, answer
from tests.support.tier import runs

EACH = 579
"""Reads of each collection at full length: 2,895 of all five."""
OF_THE_SERVER = ("date_updated",)
"""Fields in which each server puts its own time."""


class Both:
    """A real Directus and the embedded server, with the same rows."""

    def __init__(self, theirs: str, ours: str, known: Mapping[str, str]) -> None:
        """Name the addresses; ``known`` are the users' keys of Directus, by those here."""
        self._theirs = plain_http.client(base_url=theirs, timeout=30)
        self._ours = plain_http.client(base_url=ours, timeout=30)
        self._known = known

    def close(self) -> None:
        """Close the connections."""
        self._theirs.close()
        self._ours.close()

    def read(self, collection: str, token: str, query: dict[str, Any]) -> tuple[Any, Any]:
        """Return what Directus answers, and what comes here; equal if there is no difference."""
        theirs, ours = (
            answer(http, collection, token, query) for http in (self._theirs, self._ours)
        )
        return self._comparable(theirs), self._comparable(ours)

    def _comparable(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._comparable(item) for item in value]
        if isinstance(value, dict):
            return {
                name: item is None if name in OF_THE_SERVER else self._comparable(item)
                for name, item in value.items()
            }
        return self._known.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def both(install: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with ExitStack() as stack:
        directus = DirectusTemplate(install, tmp_path_factory.mktemp("theirs")).launch(Setup())
        stack.callback(directus.stop)
        embedded = EmbeddedTemplate(tmp_path_factory.mktemp("ours")).launch(Setup())
        stack.callback(embedded.stop)
        with administrator(directus.url) as admin:
            # The embedded server has no one-to-many fields.
            admin.delete("/fields/authors/articles").raise_for_status()
        for server in (directus, embedded):
            add_rows(server.url)
        known = {ours: theirs for theirs, ours in embedded.known.items()}
        admins = [key_of_the_administrator(server.url) for server in (directus, embedded)]
        both = Both(directus.url, embedded.url, {**known, admins[1]: admins[0]})
        yield stack.enter_context(closing(both))


def key_of_the_administrator(url: str) -> str:
    with administrator(url) as admin:
        return str(admin.get("/users/me").json()["data"]["id"])


@pytest.mark.parametrize("collection", READERS)
def test_the_rows_are_the_same(both: Both, collection: str) -> None:
    readers, count = cycle(READERS[collection]), runs(EACH)
    differ, found = [], 0
    for token, query in zip(readers, Reads(collection, seed=1).queries(count), strict=False):
        theirs, ours = both.read(collection, token, query)
        if theirs != ours:
            differ.append(f"{token} {query}\n  Directus: {theirs}\n  here: {ours}")
        elif isinstance(theirs, str):
            assert (token, theirs) == (GUEST, "FORBIDDEN"), f"refused: {query}"
        elif theirs:
            found += 1
    assert not differ, f"{len(differ)} of {count} differ:\n" + "\n".join(differ[:10])
    assert found > count / 3, "most reads find nothing, so they show little"
