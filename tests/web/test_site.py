"""What index.html says before any script runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from web.build import BuildError, write_page
from web.site import Site


def test_what_is_said_of_the_snapshot_comes_before_any_script(root: Path) -> None:
    (root / "index.html").write_text('<head>\n    <script src="app/main.py"></script>\n  </head>')
    (root / ".setup" / "start").mkdir(parents=True)
    (root / ".setup" / "start" / "snapshot.json").write_text('{"names": []}')
    page = Site(root)
    text = page.index(page.revision()).decode()
    assert text.index("<meta") < text.index("<script")


@pytest.mark.parametrize(
    ("settings", "project"),
    [
        pytest.param({}, [""], id="where the page is"),
        pytest.param(
            {"url": "https://here.example/at/"}, ["https://here.example/at"], id="another"
        ),
        pytest.param({"url": "wss://here.example/ws"}, [], id="a socket's own address"),
        pytest.param({"auth_mode": "strict"}, [], id="a token in the address"),
        pytest.param({"url": 1}, [], id="no address"),
    ],
)
def test_the_page_names_the_project_to_connect_to_before_python_is_there(
    root: Path, settings: dict[str, Any], project: list[str]
) -> None:
    (root / "index.html").write_text("<head>\n  </head>")
    usual = {"url": "", "auth_mode": "handshake"}
    page = Site(root, {**usual, **settings})
    text = page.index(page.revision()).decode()
    assert re.findall(r'<meta name="project" content="([^"]*)" />', text) == project


def test_a_byte_order_mark_is_not_served(root: Path) -> None:
    (root / "pyscript.toml").write_text('\ufeff[directus]\ntoken = "a"\n', encoding="utf-8")
    assert Site(root, {"token": "b"}).revision().settings == '[directus]\ntoken = "b"\n'


def test_of_settings_that_cannot_be_read_the_page_names_nothing(root: Path) -> None:
    (root / "index.html").write_text("<head>\n  </head>")
    (root / "pyscript.toml").write_text("token = = 1")
    page = Site(root)
    assert b'name="project"' not in page.index(page.revision())


def test_an_examples_page_has_its_own_files_and_shares_the_rest(root: Path) -> None:
    folder = root / "examples" / "chat"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text("")
    (folder / "pyscript.toml").write_text('interpreter = "./app/runtime.mjs"\n')
    (folder / "index.html").write_text(
        '<link href="app/icon.svg" />\n<script src="main.py" config="pyscript.toml"></script>'
    )
    page = Site(root, {"url": "https://here.example"}, folder)
    revision = page.revision()
    text = page.index(revision).decode()
    assert f'href="{revision.page}/app/icon.svg"' in text
    assert 'src="main.py" config="pyscript.toml"' in text
    assert f'interpreter = "./{revision.page}/app/runtime.mjs"' in revision.settings
    assert 'url = "https://here.example"' in revision.settings
    assert page.own_files() == ["main.py"]
    assert Site(root).own_files() == []


def test_of_a_page_that_cannot_be_read_nothing_is_built(root: Path, tmp_path: Path) -> None:
    (root / "index.html").unlink()
    with pytest.raises(BuildError, match=r"^index\.html cannot be read \(No such file"):
        write_page(Site(root), tmp_path / "out")
    assert not (tmp_path / "out").exists()
