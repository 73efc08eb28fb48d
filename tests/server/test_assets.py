"""The page and its runtime, over real HTTP."""

import importlib.util
import io
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from server.assets import with_settings, zipped
from tests.server.conftest import Running


@pytest.fixture
def page(root: Path, start: Callable[..., Running]) -> Iterator[httpx.Client]:
    """A client of a server whose runtime is two files."""
    pyodide = root / "node_modules" / "pyodide"
    pyodide.mkdir(parents=True)
    (pyodide / "pyodide.mjs").write_text("export {}")
    (pyodide / "pyodide.asm.wasm").write_bytes(b"\0asm")
    (pyodide / ".npmrc").write_text("token")
    with httpx.Client(base_url=f"http://{start(page={'token': 'given'}).address}") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/pyscript.toml", "application/toml"),
        ("/app/main.py", "text/x-python; charset=utf-8"),
        ("/app/icon.svg", "image/svg+xml"),
        ("/favicon.ico", "image/svg+xml"),
        ("/runtime/pyodide/pyodide.mjs", "text/javascript; charset=utf-8"),
        ("/runtime/pyodide/pyodide.asm.wasm", "application/wasm"),
        ("/runtime/pyodide_http.zip", "application/zip"),
    ],
)
def test_what_the_page_needs(page: httpx.Client, path: str, kind: str) -> None:
    answer = page.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    head = page.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    known = page.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/app/.secret.py",
        "/app/notes.txt",
        "/app/none.py",
        "/app/directus",
        "/app",
        "/app/%2e%2e/index.html",
        "/app/..%2fpyscript.toml",
        "/app/%2e%2e/%2e%2e/messages.py",
        "/runtime/pyodide/.npmrc",
        "/runtime/pyscript/core.js",
        "/serve.py",
        "/messages.db",
    ],
)
def test_what_is_nobodys_business(page: httpx.Client, path: str) -> None:
    answer = page.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "ROUTE_NOT_FOUND"


def test_edited_python_is_there_at_the_next_load(page: httpx.Client, root: Path) -> None:
    before = page.get("/app/main.py")
    assert before.headers["cache-control"] == "no-cache"
    (root / "app" / "main.py").write_text("print('another')\n")
    after = page.get("/app/main.py", headers={"If-None-Match": before.headers["etag"]})
    assert after.text == "print('another')\n"


def test_the_settings_are_read_anew_and_the_file_stays(page: httpx.Client, root: Path) -> None:
    assert page.get("/pyscript.toml").text == '[directus]\ntoken = "given"  # of a user\n'
    text = '# new\n[directus]\ntoken = "mine"\n'
    (root / "pyscript.toml").write_text(text)
    assert page.get("/pyscript.toml").text == '# new\n[directus]\ntoken = "given"\n'
    assert (root / "pyscript.toml").read_text() == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'token = "out"\n[directus]\ntoken = "a#b"   # c\nlog = true # d\n[x]\ntoken = "x"',
            'token = "out"\n[directus]\ntoken = "n\\"#"   # c\nlog = false # d\n[x]\ntoken = "x"',
            id="only that table's values",
        ),
        pytest.param(
            "[directus] # yours\ntoken = ''\n\n[x]\n",
            '[directus] # yours\ntoken = "n\\"#"\nlog = false\n\n[x]\n',
            id="what is missing comes after the rest",
        ),
        pytest.param(
            "[x]\n",
            '[x]\n\n[directus]\ntoken = "n\\"#"\nlog = false\n',
            id="so does the table",
        ),
    ],
)
def test_settings_change_values_and_nothing_else(text: str, expected: str) -> None:
    changed = with_settings(text, {"token": 'n"#', "log": False})
    assert changed.rstrip("\n") == expected.rstrip("\n")
    assert tomllib.loads(changed)["directus"] == {"token": 'n"#', "log": False}


def test_no_settings_change_nothing() -> None:
    assert with_settings("[x]\n", {}) == "[x]\n"


def test_a_package_is_zipped_without_being_imported() -> None:
    spec = importlib.util.find_spec("pyodide_http")
    assert spec is not None
    assert spec.origin is not None
    with zipfile.ZipFile(io.BytesIO(zipped("pyodide_http"))) as archive:
        assert archive.read("pyodide_http/__init__.py") == Path(spec.origin).read_bytes()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
