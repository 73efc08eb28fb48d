"""How a Directus is started and ended, with a small program of ours in its place."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support import plain_http
from tests.support.embedded import ROOT, free_port
from tools.local_directus import ADMIN_TOKEN, LocalDirectus
from tools.steps import SetupError

# Makes its database at "bootstrap", and then answers /server/ping with what BEHAVE says.
PROGRAM = """
import { createServer } from "node:http";
import { existsSync, writeFileSync } from "node:fs";
const { BEHAVE, DB_FILENAME, PORT } = process.env;
const say = (msg) => console.log(JSON.stringify({ level: 50, msg }));
if (process.argv[2] === "bootstrap") {
    if (existsSync(DB_FILENAME)) throw new Error("the database is not empty");
    writeFileSync(DB_FILENAME, BEHAVE === "half" ? "half" : "whole");
    if (BEHAVE === "half") { say("cut off"); process.exit(1); }
    process.exit(0);
}
if (BEHAVE === "ends") { say("Port is already in use"); process.exit(1); }
if (BEHAVE === "throws") throw new TypeError("no such setting");
writeFileSync("environment.json", JSON.stringify(process.env));
writeFileSync("pid", String(process.pid));
createServer((request, response) => response.end("pong")).listen(PORT, "127.0.0.1");
"""

Make = Callable[..., LocalDirectus]


@pytest.fixture
def install(tmp_path: Path) -> Path:
    program = (
        tmp_path / "install" / "node_modules" / "@directus" / "api" / "dist" / "cli" / "run.js"
    )
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM)
    (tmp_path / "install" / "package.json").write_text('{"type": "module"}')
    return tmp_path / "install"


@pytest.fixture
def make(install: Path, tmp_path: Path) -> Iterator[Make]:
    """A function that describes one, all of them in one folder; they end with the test."""
    with ExitStack() as stack:

        def make_it(**env: str) -> LocalDirectus:
            directus = LocalDirectus(install, tmp_path / "data", port=free_port(), env=env)
            stack.callback(directus.kill)
            return directus

        yield make_it


def answer(directus: LocalDirectus) -> bytes:
    return plain_http.get(f"{directus.url}/server/ping").content


def test_it_answers_once_it_is_started_and_can_be_started_again(make: Make) -> None:
    directus = make()
    for end in (directus.stop, directus.kill):
        directus.start()
        assert answer(directus) == b"pong"
        end()
        with pytest.raises(httpx.ConnectError, match="refused"):
            answer(directus)
    directus.stop()


def test_a_project_that_was_half_made_is_made_anew(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"did not make its project; .* cut off \(log: "):
        make(BEHAVE="half").start()
    make().start()
    assert (tmp_path / "data" / "data.db").read_text() == "whole"


@pytest.mark.parametrize(
    ("how", "words"), [("ends", "Port is already in use"), ("throws", "TypeError: no such setting")]
)
def test_one_that_does_not_start_is_told_in_its_own_words(make: Make, how: str, words: str) -> None:
    with pytest.raises(SetupError, match=rf"Directus did not start; .*: {words} \(log: "):
        make(BEHAVE=how).start()


def test_settings_of_the_surroundings_do_not_reach_it(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_ENABLED", "true")
    make(CORS_ENABLED="true").start()
    text = (tmp_path / "data" / "environment.json").read_text()
    assert "CACHE_ENABLED" not in text
    assert '"CORS_ENABLED":"true"' in text
    assert f'"ADMIN_TOKEN":"{ADMIN_TOKEN}"' in text


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="Linux waits for such processes")
def test_it_ends_with_whoever_started_it(install: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tools.local_directus import LocalDirectus\n"
        "LocalDirectus(Path(sys.argv[1]), Path(sys.argv[2]), port=int(sys.argv[3])).start()\n"
        "print('started', flush=True); input()"
    )
    arguments = [str(install), str(tmp_path / "data"), str(free_port())]
    starter = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"started\n"
    pid = int((tmp_path / "data" / "pid").read_text())
    ended = os.pidfd_open(pid)  # readable when the process has ended
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    readable, _, _ = select.select([ended], [], [], 10)
    os.close(ended)
    assert readable
