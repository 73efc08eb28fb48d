"""How the tests are shared out to workers, and in which order."""

import pytest

from tests.__main__ import shares
from tests.support.spreading import spread

PLAIN = ("--numprocesses", "4", "--dist", "load")


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-k", "server"], ["-n0"]])
def test_the_plain_tier_is_shared_out(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIRECTUS_INSTALL", raising=False)
    assert shares(arguments) == [PLAIN]


@pytest.mark.parametrize(
    "arguments",
    [["tests/test_layers.py"], ["tests/app", "-x"], ["-s"], ["--pdb"], ["-p", "no:xdist"]],
)
def test_where_workers_are_of_no_use_there_are_none(arguments: list[str]) -> None:
    assert shares(arguments) == [()]


def test_those_on_a_real_directus_run_apart_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTUS_INSTALL", "/somewhere")
    two = ("--numprocesses", "2", "--dist", "load")
    assert shares([]) == [(*PLAIN, "--ignore=tests/directus"), (*two, "tests/directus")]


def test_what_is_spread_keeps_its_order_and_what_belongs_together() -> None:
    assert "".join(spread(["aabc", "1112233344"], key=str)) == "111aa22b333c44"
    assert spread([[], [1, 2]], key=str) == [1, 2]
