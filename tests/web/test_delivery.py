"""The page and its runtime, over real HTTP."""

import html
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import plain_http
from tests.web.conftest import Start
from web.config import page_digest
from web.policy import holds_token


@pytest.fixture
def client(root: Path, start: Start) -> Iterator[httpx.Client]:
    """A client of a server whose runtime is two files."""
    pyodide = root / "node_modules" / "pyodide"
    pyodide.mkdir(parents=True)
    (pyodide / "pyodide.mjs").write_text("export {}")
    (pyodide / "pyodide.asm.wasm").write_bytes(b"\0asm")
    (pyodide / ".npmrc").write_text("token")
    with plain_http.client(base_url=f"http://{start({'token': 'given'}).address}") as client:
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
def test_what_the_page_needs(client: httpx.Client, path: str, kind: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(answer.content))
    known = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


@pytest.mark.parametrize("name", ["index.html", "pyscript.toml"])
def test_a_page_that_cannot_be_read_is_one_sentence(
    client: httpx.Client, root: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (root / name).write_text("<!doctype html>", encoding="utf-16")
    assert client.get("/").status_code == 500
    assert client.get("/").text == (
        f"{name} cannot be read (it is not in UTF-8): mend that and try again\n"
    )
    (root / name).unlink()
    assert f"{name} cannot be read (No such file or directory)" in client.get("/").text
    assert "Traceback" not in caplog.text


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
def test_what_is_nobodys_business(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "ROUTE_NOT_FOUND"


@pytest.mark.parametrize(
    "path",
    [
        "/app/main.py%00.py",
        "/app/%00.py",
        f"/app/{'x' * 300}.py",
        f"/app/{'x/' * 3_000}a.py",
        f"/runtime/pyodide/{'x' * 300}.mjs",
        "/runtime/%00/a.mjs",
        f"/runtime/{'x' * 300}/a.mjs",
        f"/v-{'x' * 300}/app/none.py",
        "/v-%00/app/none.py",
        "/app/outside.py",
        "/app/circle.py",
        "/app/folder/secret.py",
        "/app/%ff.py",
    ],
    ids=lambda path: path[:30],
)
def test_odd_names_and_links_that_lead_out_are_not_there(
    client: httpx.Client, root: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text("secret")
    (root / "app" / "outside.py").symlink_to(outside / "secret.py")
    (root / "app" / "folder").symlink_to(outside)
    (root / "app" / "circle.py").symlink_to(root / "app" / "circle.py")
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "ROUTE_NOT_FOUND"
    assert all(record.exc_info is None for record in caplog.records)


def test_a_precompressed_file_that_leads_out_is_left_alone(
    client: httpx.Client, root: Path
) -> None:
    (root.parent / "secret").write_text("secret")
    (root / "app" / "main.py.zst").symlink_to(root.parent / "secret")
    answer = client.get("/app/main.py", headers={"Accept-Encoding": "zstd"})
    assert answer.text == "print('one')\n"


@pytest.mark.parametrize("path", ["/", "/pyscript.toml", "/app/main.py", "/favicon.ico"])
def test_headers_of_every_file(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    for found in (answer, client.get(path, headers={"If-None-Match": answer.headers["etag"]})):
        assert found.headers["x-content-type-options"] == "nosniff"
        assert found.headers["referrer-policy"] == "same-origin"


def rules(client: httpx.Client) -> dict[str, list[str]]:
    policy = client.get("/").headers["content-security-policy"]
    return {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}


def test_the_policy_of_the_page(client: httpx.Client) -> None:
    found = rules(client)
    assert found["script-src"] == ["'self'", "'wasm-unsafe-eval'", "'unsafe-eval'"]
    assert found["style-src"] == ["'self'"]
    assert found["frame-ancestors"] == ["'none'"]
    assert found["default-src"] == found["base-uri"] == found["form-action"] == ["'self'"]
    assert found["object-src"] == ["'none'"]
    assert found["img-src"] == ["'self'", "data:"]
    assert found["connect-src"] == ["'self'", "data:", "http:", "https:", "ws:", "wss:"]


def test_settings_with_a_token_are_for_nobody_else(root: Path, start: Start) -> None:
    for token in ("secret", ""):
        server = start({"token": token})
        with plain_http.client(base_url=f"http://{server.address}") as client:
            (root / "index.html").write_text('<script config="pyscript.toml"></script>')
            for path in ("/pyscript.toml", "/" + addresses(client)["pyscript.toml"]):
                cached = client.get(path).headers["cache-control"]
                assert (cached == "private, no-cache") is bool(token)
        server.stop()


@pytest.mark.parametrize("settings", ["no [toml", "directus = 5", '[directus]\ntoken = "x"'])
def test_settings_that_may_hold_a_token_count_as_if_they_did(settings: str) -> None:
    assert holds_token(settings)


def test_edited_python_is_there_at_the_next_load(client: httpx.Client, root: Path) -> None:
    before = client.get("/app/main.py")
    assert before.headers["cache-control"] == "no-cache"
    (root / "app" / "main.py").write_text("print('another')\n")
    after = client.get("/app/main.py", headers={"If-None-Match": before.headers["etag"]})
    assert after.text == "print('another')\n"


def test_the_settings_are_read_anew_and_the_file_stays(client: httpx.Client, root: Path) -> None:
    assert client.get("/pyscript.toml").text == '[directus]\ntoken = "given"  # of a user\n'
    text = '# new\n[directus]\ntoken = "mine"\n'
    (root / "pyscript.toml").write_text(text)
    assert client.get("/pyscript.toml").text == '# new\n[directus]\ntoken = "given"\n'
    assert (root / "pyscript.toml").read_text() == text


@pytest.fixture
def hurried(root: Path, start: Start) -> Iterator[httpx.Client]:
    """A client of a server whose page names its files, and whose runtime is precompressed."""
    (root / "pyscript.toml").write_text(
        'interpreter = "./app/runtime.mjs"\n[files]\n"app/main.py" = "app/main.py"\n'
    )
    (root / "index.html").write_text(
        '<head>\n  </head>\n<link href="runtime/pyodide/pyodide.mjs" />'
        '<script src="app/main.py" config="pyscript.toml"></script>'
    )
    pyodide = root / "node_modules" / "pyodide"
    pyodide.mkdir(parents=True)
    for ending in ("", ".zst", ".gz"):
        (pyodide / f"pyodide.asm.wasm{ending}").write_bytes(b"as it is" + ending.encode())
    snapshot = root / ".setup" / "start"
    snapshot.mkdir(parents=True)
    (snapshot / "0123-0.bin").write_bytes(b"memory")
    about = {"version": "1.2", "size": {"content": 6}, "sums": {"content": 7}}
    (snapshot / "snapshot.json").write_text(json.dumps({"names": ["0123-0.bin"], **about}))
    with plain_http.client(base_url=f"http://{start().address}") as client:
        yield client


def addresses(client: httpx.Client) -> dict[str, str]:
    """Return what the page names, each by its end."""
    found: list[str] = re.findall(r'(?:href|src|config)="([^"]+)"', client.get("/").text)
    return {address.rsplit("/", 1)[-1]: address for address in found}


def test_what_the_page_names_is_kept_for_good(hurried: httpx.Client) -> None:
    named = addresses(hurried)
    assert set(named) == {"main.py", "pyscript.toml", "pyodide.mjs"}
    for name in ("main.py", "pyscript.toml"):
        answer = hurried.get("/" + named[name])
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hurried.get("/").headers["cache-control"] == "no-cache"
    assert hurried.get("/app/main.py").headers["cache-control"] == "no-cache"


def test_the_interpreter_has_the_address_that_the_page_gives_it(hurried: httpx.Client) -> None:
    named = addresses(hurried)
    folder = named["main.py"].removesuffix("app/main.py")
    settings = tomllib.loads(hurried.get("/pyscript.toml").text)
    assert settings["interpreter"] == f"./{folder}app/runtime.mjs"


def test_an_edit_changes_the_pages_addresses_and_not_the_runtimes(
    hurried: httpx.Client, root: Path
) -> None:
    before = addresses(hurried)
    (root / "app" / "main.py").write_text("print('another')\n")
    after = addresses(hurried)
    assert {name for name in before if before[name] != after[name]} == {"main.py", "pyscript.toml"}
    assert hurried.get("/" + after["main.py"]).text == "print('another')\n"
    # The old address is no promise any more.
    assert hurried.get("/" + before["main.py"]).headers["cache-control"] == "no-cache"


def described(client: httpx.Client) -> Any:
    """Return what the page says of its snapshot."""
    (content,) = re.findall(r'<meta name="snapshot" content="([^"]*)" />', client.get("/").text)
    return json.loads(html.unescape(content))


def test_the_snapshot_is_named_with_what_proves_it(hurried: httpx.Client) -> None:
    about = described(hurried)
    assert (about["version"], about["size"], about["sums"]) == (
        "1.2",
        {"content": 6},
        {"content": 7},
    )
    (address,) = about["slices"]
    answer = hurried.get("/" + address)
    assert answer.content == b"memory"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def prepare(root: Path) -> None:
    """Say that the snapshot holds the app as it is."""
    description = root / ".setup" / "start" / "snapshot.json"
    about = json.loads(description.read_text())
    description.write_text(json.dumps({**about, "app": page_digest(root)}))


def test_an_app_that_the_snapshot_holds_is_not_fetched(hurried: httpx.Client, root: Path) -> None:
    before = hurried.get("/").text
    assert "files" in tomllib.loads(hurried.get("/pyscript.toml").text)
    prepare(root)
    assert "files" not in tomllib.loads(hurried.get("/pyscript.toml").text)
    assert described(hurried)["files"] == {"app/main.py": "app/main.py"}
    assert before.count('rel="preload"') - hurried.get("/").text.count('rel="preload"') == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: (root / "app" / "main.py").write_text("print('another')\n"),
        lambda root: (root / "app" / "main.py").unlink(),
        lambda root: (root / "pyscript.toml").write_text('[files]\n"data.json" = "data.json"\n'),
        lambda root: (root / "pyscript.toml").write_text('[files]\n"app/main.py" = "main.py"\n'),
    ],
    ids=["edited", "missing", "data", "elsewhere"],
)
def test_an_app_that_it_does_not_hold_is_fetched(
    hurried: httpx.Client, root: Path, edit: Callable[[Path], object]
) -> None:
    prepare(root)
    edit(root)
    assert "files" in tomllib.loads(hurried.get("/pyscript.toml").text)
    assert described(hurried)["files"] == {}


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_without_a_snapshot_the_page_names_none(
    hurried: httpx.Client, root: Path, content: str
) -> None:
    (root / ".setup" / "start" / "snapshot.json").write_text(content)
    assert "snapshot" not in hurried.get("/").text


@pytest.mark.parametrize(
    ("accepted", "encoding", "sent"),
    [
        ("gzip, deflate, br, zstd", "zstd", b"as it is.zst"),
        ("gzip, deflate, br", "gzip", b"as it is.gz"),
        ("gzip;q=1.0", "gzip", b"as it is.gz"),
        ("identity", None, b"as it is"),
        ("", None, b"as it is"),
    ],
)
def test_a_precompressed_file_is_sent_to_who_can_decode_it(
    hurried: httpx.Client, accepted: str, encoding: str | None, sent: bytes
) -> None:
    headers = {"Accept-Encoding": accepted}
    path = "/runtime/pyodide/pyodide.asm.wasm"
    with hurried.stream("GET", path, headers=headers) as answer:
        assert b"".join(answer.iter_raw()) == sent
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["content-type"] == "application/wasm"
    assert answer.headers["vary"] == "Accept-Encoding"
    known = hurried.get(path, headers={**headers, "If-None-Match": answer.headers["etag"]})
    assert known.status_code == 304


def test_requests_share_a_connection(hurried: httpx.Client) -> None:
    streams = [hurried.get("/app/main.py").extensions["network_stream"] for _ in range(2)]
    assert streams[0].get_extra_info("client_addr") == streams[1].get_extra_info("client_addr")


def test_an_example_is_served_beside_the_sdk(root: Path, start: Start) -> None:
    sdk, folder = root / "app" / "directus_realtime", root / "examples" / "chat"
    for place in (sdk, folder):
        place.mkdir(parents=True)
    (sdk / "__init__.py").write_text("sdk = 1")
    (folder / "main.py").write_text("import directus_realtime")
    (folder / "project.toml").write_text("not the page's")
    address = f"http://{start(None, folder).address}"
    main = plain_http.get(f"{address}/main.py")
    assert (main.text, main.headers["cache-control"]) == ("import directus_realtime", "no-cache")
    archive = plain_http.get(f"{address}/directus_realtime.zip")
    assert archive.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(archive.content)) as unpacked:
        assert unpacked.read("directus_realtime/__init__.py") == b"sdk = 1"
    (sdk / "__init__.py").write_text("sdk = 2")
    assert plain_http.get(f"{address}/directus_realtime.zip").content != archive.content
    assert plain_http.get(f"{address}/project.toml").status_code == 404


def test_the_page_has_nothing_of_an_examples(client: httpx.Client) -> None:
    for path in ("/main.py", "/directus_realtime.zip"):
        assert client.get(path).status_code == 404
