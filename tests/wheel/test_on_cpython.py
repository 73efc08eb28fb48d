"""The wheel in empty virtual environments, at both ends of the range of websockets."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import quickstart
from tests.support.embedded import Embedded
from tests.wheel import environments
from tests.wheel.conftest import Installed

WHERE = """
import importlib.metadata, pathlib, sys
import directus_realtime
print(pathlib.Path(directus_realtime.__file__).is_relative_to(sys.prefix))
print(sorted(d.metadata["Name"] for d in importlib.metadata.distributions()))
print(importlib.metadata.version("websockets"))
"""
ENDS = """
import asyncio
from directus_realtime import ConnectionFailed, create_directus, realtime, static_token

async def main():
    project = create_directus("{url}").with_(static_token("your_access_token"))
    directus = project.with_(realtime(ping_after=None))  # the socket itself has to tell
    closed = asyncio.get_running_loop().create_future()
    stop = directus.on_web_socket("close", closed.set_result)
    await directus.connect()
    print("open")
    print("closed", (await asyncio.wait_for(closed, 10)).code)
    stop()
    directus.disconnect()
    try:
        await directus.connect(timeout=0.5)
    except ConnectionFailed as error:
        print(error)

asyncio.run(main())
"""


@pytest.fixture(scope="module", params=["oldest", "newest"])
def python(request: pytest.FixtureRequest, installed: Installed) -> Path:
    """The interpreter of an environment with the wheel, and websockets at one end of its range."""
    python = installed(request.param)
    found = subprocess.check_output([python, "-c", WHERE], text=True, cwd=python.parent, env={})
    version, _ = environments.pinned(request.param)
    assert found.splitlines() == ["True", "['directus-realtime', 'websockets']", version]
    return python


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Embedded]:
    with Embedded(tmp_path) as server:
        yield server


def test_readmes_quickstart_runs(python: Path, server: Embedded, tmp_path: Path) -> None:
    code = quickstart.source(server.url)
    with quickstart.running(python, tmp_path / "quickstart.py", code, env={}) as process:
        quickstart.check(quickstart.first_lines(process))


def test_a_connection_that_is_cut_or_refused_is_told(
    python: Path, server: Embedded, tmp_path: Path
) -> None:
    code = ENDS.format(url=server.url)
    with quickstart.running(python, tmp_path / "ends.py", code, env={}) as process:
        assert quickstart.first_lines(process, 1) == ["open"]
        server.kill()
        cut, refused = quickstart.first_lines(process, 2)
        assert cut == "closed 1006"
        assert refused.startswith(f"Nothing answers at {server.url}")
        assert process.wait(10) == 0
