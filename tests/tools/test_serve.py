"""The command line, started as a person starts it: by a Python that knows none of our packages."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.background import EmbeddedServer
from server.config import Config
from tests.support import plain_http
from tests.support.embedded import TOKEN
from tools.listening import listen

ROOT = Path(__file__).parents[2]
PYTHON: str = getattr(sys, "_base_executable", sys.executable)
PACKAGE_FILES = ("package.json", "package-lock.json")


class Served:
    """A serve.py that has said all that it says at its start."""

    def __init__(self, arguments: list[str]) -> None:
        self.process = popen(ROOT, arguments)
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C" in line:
                break
        self.url = re.findall(r"http://\S+", self.said)[0]

    def get(self, path: str) -> bytes:
        return plain_http.get(self.url + path).raise_for_status().content

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Return the exit code and what came on stderr."""
        self.process.send_signal(how)
        errors = self.process.communicate()[1]
        return self.process.returncode, errors


def popen(root: Path, arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, str(root / "serve.py"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    running: list[Served] = []

    def start(*arguments: str) -> Served:
        database = tmp_path / "messages.db"
        served = Served(["--port", "0", "--db", str(database), *arguments])
        running.append(served)
        return served

    yield start
    for served in running:
        served.end(signal.SIGKILL)


def refused(*arguments: str) -> tuple[int, str]:
    process = popen(ROOT, list(arguments))
    errors = process.communicate()[1]
    return process.returncode, errors


def test_a_second_start_sets_nothing_up_and_says_what_one_needs_to_know(serve: Serve) -> None:
    served = serve()
    assert "[1/" not in served.said  # the number of a step
    assert "your_access_token" in served.said
    assert "await createItem('Hello World!', 'Ben')" in served.said
    assert b"<title>" in served.get("")
    assert served.get("runtime/pyodide/pyodide.asm.wasm").startswith(b"\0asm")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_quietly(serve: Serve, how: signal.Signals) -> None:
    code, errors = serve().end(how)
    assert code in (0, 130, -signal.SIGTERM)
    assert "Traceback" not in errors


def test_the_command_line_wins_in_the_page_that_is_served(serve: Serve) -> None:
    served = serve("--token", 'a "token"', "--auth", "public")
    assert 'a "token"' in served.said
    settings = tomllib.loads(served.get("pyscript.toml").decode())["directus"]
    assert settings["token"] == 'a "token"'
    assert settings["auth_mode"] == "public"
    assert "your_access_token" in (ROOT / "pyscript.toml").read_text()


def test_a_page_for_a_directus_is_served_whatever_is_wrong_with_it(serve: Serve) -> None:
    with listen("127.0.0.1", 0) as listener:
        nowhere = f"http://127.0.0.1:{listener.getsockname()[1]}"
    relayed = serve("--directus", nowhere, "--token", "mine")
    direct = serve("--directus", nowhere, "--token", "mine", "--direct")
    for served, url in ((relayed, ""), (direct, nowhere)):
        settings = tomllib.loads(served.get("pyscript.toml").decode())["directus"]
        assert (settings["url"], settings["token"]) == (url, "mine")
        _, errors = served.end(signal.SIGINT)
        assert re.fullmatch(rf"serve.py: warning: {nowhere} does not answer \(.*\): .*\n", errors)


def test_proxies_are_not_for_this_machine(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ALL_PROXY", "HTTP_PROXY"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    with EmbeddedServer(Config(database=tmp_path / "other.db")) as directus:
        served = serve("--directus", directus.url, "--token", TOKEN)
        assert b"pong" in served.get("server/ping")
        assert served.end(signal.SIGINT)[1] == ""
    code, errors = refused("--directus", "https://directus.example.com", "--port", "0")
    assert code == 1
    assert "a SOCKS proxy, which takes two more packages" in errors


def test_of_a_directus_that_is_ready_nothing_is_said(serve: Serve, tmp_path: Path) -> None:
    config = Config(database=tmp_path / "messages.db", cors_enabled=True, cors_origin=True)
    with EmbeddedServer(config) as directus:
        for more in ((), ("--direct",)):
            served = serve("--directus", directus.url, "--token", TOKEN, *more)
            assert served.end(signal.SIGINT)[1] == ""


def test_a_server_that_was_killed_starts_again_on_its_port(serve: Serve) -> None:
    first = serve()
    assert first.end(signal.SIGKILL)[0] == -signal.SIGKILL
    port = first.url.rstrip("/").rpartition(":")[2]
    assert serve("--port", port).url == first.url


def test_other_addresses_are_served_with_a_token_of_ones_own(serve: Serve) -> None:
    served = serve("--host", "0.0.0.0", "--token", "mine")
    assert b"<title>" in served.get("")


def test_a_port_in_use() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        code, errors = refused("--port", str(port))
    assert code == 1
    assert re.fullmatch(rf"serve.py: port {port} of .* is in use: .* --port \d+\n", errors)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(
            ["--host", "0.0.0.0"], "sample token.*: give another with --token", id="token"
        ),
        pytest.param(["--db", "/dev/null/x.db"], "cannot be written .*--db", id="folder"),
        pytest.param(["--host", "192.0.2.1", "--token", "x"], "--host", id="host"),
        pytest.param(
            ["--directus", "local", "--host", "0.0.0.0"], "leave --host out", id="local for others"
        ),
    ],
)
def test_what_cannot_be_done_is_one_sentence(arguments: list[str], sentence: str) -> None:
    code, errors = refused("--port", "0", *arguments)
    assert code == 1
    assert re.fullmatch(rf"serve\.py: .*{sentence}.*\n", errors)


@pytest.fixture
def new_checkout(tmp_path: Path) -> Path:
    """A checkout that is not set up."""
    for name in ("serve.py", "pyscript.toml", "requirements.txt", *PACKAGE_FILES):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("app", "tools", "server", "web"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_a_checkout_that_may_not_be_written_is_one_sentence(
    new_checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = tmp_path_factory.mktemp("elsewhere") / "messages.db"
    # Root writes everywhere but without this capability.
    prefix = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    if prefix and not shutil.which("setpriv"):
        pytest.skip("root writes everywhere")
    command = [*prefix, PYTHON, "-B", str(new_checkout / "serve.py"), "--port", "0"]
    new_checkout.chmod(0o555)
    try:
        ended = subprocess.run(
            [*command, "--db", str(database)], capture_output=True, text=True, check=False
        )
    finally:
        new_checkout.chmod(0o755)
    assert ended.returncode == 1
    assert re.fullmatch(
        r"serve\.py: cannot write .*\.setup .*: make the checkout's folder writable .*\n",
        ended.stderr,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="file systems with names of any bytes")
@pytest.mark.parametrize(
    ("name", "sentence"),
    [(b"a:b", "has ':' in its path, .* no virtual environment"), (b"\xff", "is not in UTF-8")],
)
def test_a_folder_in_which_nothing_runs_is_told_before_set_up(
    new_checkout: Path, name: bytes, sentence: str
) -> None:
    root = new_checkout.rename(new_checkout.with_name(os.fsdecode(name)))
    process = popen(root, ["--port", "0"])
    assert re.fullmatch(
        rf"serve\.py: the .*folder .* {sentence}.*: move or rename it and start again\n",
        process.communicate()[1],
    )
    assert process.returncode == 1


def test_ctrl_c_in_the_middle_of_set_up_is_quiet(new_checkout: Path) -> None:
    process = popen(new_checkout, ["--port", "0"])
    assert process.stdout is not None
    assert process.stdout.readline().startswith("[1/4] Virtual environment")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == ""


@pytest.mark.parametrize("name", ["serve.py", "tests/__main__.py"])
def test_old_pythons_can_read_as_far_as_the_sentence(name: str) -> None:
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 7))
