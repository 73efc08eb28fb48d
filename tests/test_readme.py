"""The README and docs/: what they draw and name is what the code has."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from directus_realtime.core.states import (
    SUBSCRIPTION_TRANSITIONS,
    TRANSITIONS,
    State,
    SubscriptionState,
)

from server.background import Background
from tests.support import api, plain_http, quickstart
from tests.support.background import server_for
from tests.support.diagram import diagram
from tests.support.embedded import ROOT, TOKEN, Embedded

README = (ROOT / "README.md").read_text()
HOUSE = ("app", "examples", "web", "server", "tools")
SOURCES = {".py", ".js", ".mjs", ".css", ".svg", ".toml", ".typed"}


@pytest.mark.parametrize("document", ["README.md", "docs/architecture.md"])
@pytest.mark.parametrize("table", [TRANSITIONS, SUBSCRIPTION_TRANSITIONS])
def test_the_states_are_drawn_as_the_tables_have_them(table: Any, document: str) -> None:
    words = "print it anew with `python -m tests.support.diagram`"
    assert diagram(table) in (ROOT / document).read_text(), words


def test_no_heading_stands_twice() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        headings = re.findall(r"^#{1,2} .+", text, re.MULTILINE)
        assert [each for each in headings if headings.count(each) > 1] == [], page.name


def test_the_api_page_is_current() -> None:
    assert (ROOT / "docs" / "api.md").read_text() == api.page()


def test_the_api_page_speaks_markdown() -> None:
    page = api.page()
    assert re.findall(r":[a-z]+:`[^`]*`|^.*::$|^\.\. .*", page, re.MULTILINE) == []
    assert page.count("```") % 2 == 0


def test_the_api_page_says_what_each_overload_returns() -> None:
    page = api.page()
    assert "- `data: list[Row]`: `list[Row]`" in page
    assert "- `event: Literal['create']`: `Subscription[InitMessage | CreateMessage]`" in page
    assert "- `event: Literal['close'], callback: Callable[[Closed], object]`\n" in page
    assert "- neither of them: `list[Row]`\n- `id: Key`: `Row`" in page


def test_every_state_is_explained() -> None:
    for state in (*State, *SubscriptionState):
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


def files_of_the_architecture() -> set[str]:
    """The files in the tables of docs/architecture.md, below the folder in their heading."""
    found = set()
    folder = ""
    for line in (ROOT / "docs" / "architecture.md").read_text().splitlines():
        if line.startswith("#"):
            named = re.match(r"### `(.+?/)`", line)
            folder = named[1] if named else ""
        elif line.startswith("| `"):
            names = re.findall(r"`(.+?)`", line.split("|")[1])
            found |= {folder + name for name in names if Path(name).suffix in SOURCES}
    return found


def test_the_architecture_names_every_file_of_the_house() -> None:
    there = {
        path.relative_to(ROOT).as_posix()
        for folder in HOUSE
        for path in (ROOT / folder).rglob("*")
        if path.suffix in SOURCES
        and (path.name != "__init__.py" or path.parent.parent.name == "app")
    }
    named = {name for name in files_of_the_architecture() if name.startswith(HOUSE)}
    assert there == named


@contextmanager
def running(code: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a program of README's in a folder, by this Python."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with quickstart.running(sys.executable, folder / "program.py", code, env) as process:
        yield process


def test_the_quickstart_runs_as_it_stands(tmp_path: Path) -> None:
    with (
        Embedded(tmp_path) as server,
        running(quickstart.source(server.url), tmp_path) as process,
    ):
        quickstart.check(quickstart.first_lines(process))


def test_more_than_the_guide_runs_as_it_stands(tmp_path: Path) -> None:
    with Embedded(tmp_path) as server, running(quickstart.more(server.url), tmp_path) as process:
        assert process.stdout is not None
        lines = (line for line in process.stdout if not line.startswith(("New message", "Conn")))
        assert next(lines) == "FORBIDDEN\n"
        assert "'text': 'two'" in next(lines)
        create_item(server.url)
        assert next(lines).startswith("enter 3 {")


def test_the_server_in_fastapi_runs_as_it_stands(tmp_path: Path) -> None:
    with Embedded(tmp_path) as server:
        create_item(server.url)
        names: dict[str, Any] = {}
        exec(quickstart.source(server.url, "On CPython, in FastAPI"), names)
        with Background(server_for(names["app"])) as mine, plain_http.client() as http:
            (row,) = http.get(f"{mine.url}/messages").json()
            assert row["text"] == "mine"
            created = http.post(f"{mine.url}/messages", params={"text": "by the API"}).json()
            assert (created["id"], created["user"]) == (2, "FastAPI")


def create_item(url: str) -> None:
    """Create an item by REST."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with plain_http.client(headers=headers) as http:
        http.post(f"{url}/items/messages", json={"text": "mine"}).raise_for_status()


def test_every_block_of_python_is_run_by_a_test() -> None:
    found = [
        part.split("\n")[0]
        for part in re.split("^##+ ", README, flags=re.MULTILINE)
        for _ in range(part.count("```python"))
    ]
    assert found == [
        "The quickstart",
        "More than the guide",
        "On CPython, in FastAPI",
        "In tests of your own",
    ]


A_TEST = """

import json
import urllib.request


def items(url):
    headers = {"Authorization": "Bearer your_access_token"}
    request = urllib.request.Request(f"{url}/items/messages", headers=headers)
    return json.load(urllib.request.urlopen(request))["data"]


def test_the_database_is_fresh(url):
    assert items(url) == []
"""


def test_a_test_of_ones_own_starts_the_server_as_it_says(tmp_path: Path) -> None:
    fixture = quickstart.block("In tests of your own")
    (tmp_path / "test_mine.py").write_text(fixture + A_TEST)
    shutil.copy(ROOT / "server" / "guide.toml", tmp_path / "my.toml")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
