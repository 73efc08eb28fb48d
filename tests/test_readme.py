"""The README: what it draws and names is what the code has."""

from app.directus.states import State
from tests.support import api
from tests.support.diagram import diagram
from tests.support.embedded import ROOT

README = (ROOT / "README.md").read_text()


def test_the_states_are_drawn_as_the_table_has_them() -> None:
    assert diagram() in README, "print it anew with `python -m tests.support.diagram`"


def test_the_api_page_is_current() -> None:
    assert (ROOT / "docs" / "api.md").read_text() == api.page()


def test_every_state_is_explained() -> None:
    for state in State:
        assert f"`{state}`" in README


def test_every_file_and_folder_of_the_map_is_there() -> None:
    house = README.split("## The map of the house")[1].split("```")[1]
    folder = ROOT
    for line in house.strip().splitlines():
        names = [word for word in line.split() if word.endswith((".py", "/", ".js", ".mjs"))]
        depth = (len(line) - len(line.lstrip())) // 2
        if depth == 0:
            folder = ROOT
        for name in names:
            where = [ROOT / name, folder / name, *folder.glob(f"*/{name}"), *ROOT.glob(f"*/{name}")]
            assert any(path.exists() for path in where), name
        if names and names[0].endswith("/") and depth == 0:
            folder = ROOT / names[0]
