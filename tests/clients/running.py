"""Runs others' clients in a process each, and knows what a real Directus answers them.

`expected.json` has what comes on Directus 12.4.0.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.common.set_up import PEER
from tests.clients.installing import CLIENTS, ClientsTask
from tests.support import peer
from tests.support.embedded import ROOT
from tests.support.project import Project
from tools import npm
from tools.steps import Steps

HERE = Path(__file__).parent
EXPECTED: dict[str, dict[str, Any]] = json.loads((HERE / "expected.json").read_text("utf-8"))
REFUSED = {
    "with_js_sdk": {
        "rest: aggregate": 'INVALID_QUERY "aggregate"',
        "rest: groupBy": 'INVALID_QUERY "aggregate"',
        "rest: deep": 'INVALID_QUERY "deep"',
        "rest: updateMe": "ROUTE_NOT_FOUND /users/me",
        "rest: readCollections": "ROUTE_NOT_FOUND /collections",
        "rest: readFieldsByCollection": "ROUTE_NOT_FOUND /fields/messages",
        "rest: readRoles": "ROUTE_NOT_FOUND /roles",
        "rest: readItemPermissions": "ROUTE_NOT_FOUND /permissions/me/messages/1",
        "rest: uploadFiles": "ROUTE_NOT_FOUND /files",
        "rest: readProviders": "ROUTE_NOT_FOUND /auth",
        "graphql: a query": "ROUTE_NOT_FOUND /graphql",
        "authentication: a login in the mode cookie": 'INVALID_PAYLOAD "mode" cookie',
        "authentication: a login in the mode session": 'INVALID_PAYLOAD "mode" session',
        "realtime: aggregate": 'INVALID_QUERY "aggregate"',
    },
    "with_directus_py_sdk": {
        "get with an aggregate": 'INVALID_QUERY "aggregate"',
        "create_user": "ROUTE_NOT_FOUND /users",
        "collection_exists": "ROUTE_NOT_FOUND /collections",
    },
    "with_py_directus": {
        "read with an aggregate": 'INVALID_QUERY "aggregate"',
        "roles": "ROUTE_NOT_FOUND /roles",
        "settings": "ROUTE_NOT_FOUND /settings",
    },
}
"""What the embedded server refuses, each with the error's code and the name in its message."""
NAMES = tuple(REFUSED)
_LIMIT = 60.0  # seconds


def outcomes(name: str, project: Project) -> dict[str, Any]:
    """Return what came of each check of a client, by the check's name."""
    done = subprocess.run(
        [*_command(name), json.dumps(asdict(project))],
        cwd=PEER if name == "with_js_sdk" else ROOT,
        env={**os.environ, "PYTHONPATH": str(CLIENTS)},
        capture_output=True,
        text=True,
        timeout=_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _command(name: str) -> list[str]:
    if name == "with_js_sdk":
        peer.install()
        shutil.copy(HERE / f"{name}.mjs", PEER)
        return [str(npm.node(Path(sysconfig.get_path("purelib")))), f"{name}.mjs"]
    task = ClientsTask()
    if not task.is_current():
        task.install(Steps(1, CLIENTS.parent))
    return [sys.executable, "-m", f"tests.clients.{name}"]


def is_refused(outcome: Any, words: str) -> bool:
    """Return whether an outcome is the error that ``words`` say: its code, and a name in it."""
    code, _, name = words.partition(" ")
    return isinstance(outcome, dict) and outcome.get("code") == code and name in outcome["message"]
