"""Provisioning on a Directus that is empty, provisioned, different or not ours to change."""

import os
import pty
import re
import shutil
import subprocess
import sys
from typing import Any

import pytest

from tests.directus.conftest import Start
from tests.support import plain_http
from tests.support.directus import Node
from tests.support.embedded import ROOT
from tests.support.processes import running
from tools.directus_admin import DirectusAdmin
from tools.local_directus import ADMIN_EMAIL, ADMIN_PASSWORD, ADMIN_TOKEN
from tools.provision import EMAIL, POLICY, provision
from tools.steps import SetupError

# All that provisioning could change, but for what a request itself leaves behind.
TRACES = ("/collections", "/fields", "/policies", "/permissions", "/access", "/users?fields=email")


@pytest.fixture(scope="module")
def empty(start: Start) -> Node:
    """A Directus for this module; each test starts from what the one before it left."""
    return start()


@pytest.fixture
def guides(empty: Node) -> Node:
    """The same with the guide's project, whichever tests have run here."""
    if made := re.search(r"--token (\S{32})$", run(empty)[-1]):
        empty.token = made[1]
    return empty


def traces(node: Node) -> list[Any]:
    return [node.admin.get(path).json()["data"] for path in TRACES]


def run(node: Node, *options: str, token: str = ADMIN_TOKEN) -> list[str]:
    """Run the command and return the lines that it prints."""
    command = [sys.executable, "serve.py", "provision", "--directus", node.url, *options]
    environment = {"DIRECTUS_ADMIN_TOKEN": token}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert "Traceback" not in ran.stderr
    return (ran.stdout + ran.stderr).splitlines()


def test_a_dry_run_says_what_it_would_make_and_makes_nothing(empty: Node) -> None:
    before = traces(empty)
    lines = run(empty, "--dry-run")
    assert len(lines) == 6
    assert all(line.startswith("would make  ") for line in lines)
    assert traces(empty) == before


def test_an_empty_project_is_set_up_and_its_token_works(empty: Node) -> None:
    planned = run(empty, "--dry-run")
    *made, now = run(empty)
    assert made == [line.replace("would make", "made") for line in planned]
    found = re.fullmatch(rf"now   python3 serve.py --directus {empty.url} --token (\S{{32}})", now)
    assert found
    empty.token = found[1]
    headers = {"Authorization": f"Bearer {empty.token}"}
    item = {"text": "Hello", "user": "Ben"}
    created = plain_http.post(f"{empty.url}/items/messages", json=item, headers=headers).json()[
        "data"
    ]
    assert created["date_created"]
    read = plain_http.get(f"{empty.url}/items/messages", headers=headers).json()["data"]
    assert read == [created | item]


def test_a_second_run_changes_nothing(guides: Node) -> None:
    before = traces(guides)
    lines = run(guides)
    assert lines[0] == "everything is there, and nothing was changed"
    assert "--new-token" in lines[1]
    assert traces(guides) == before
    headers = {"Authorization": f"Bearer {guides.token}"}
    assert plain_http.get(f"{guides.url}/items/messages", headers=headers).status_code == 200


def test_a_new_token_ends_the_old_one(guides: Node) -> None:
    made, now = run(guides, "--new-token")
    assert made == f"made  a new static token for {EMAIL}; the old one ends"
    headers = {"Authorization": f"Bearer {guides.token}"}
    assert plain_http.get(f"{guides.url}/items/messages", headers=headers).status_code == 401
    guides.token = now.split()[-1]


@pytest.mark.skipif(not shutil.which("setsid"), reason="gives the command a terminal of its own")
def test_a_password_is_asked_for_and_not_shown(guides: Node) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "serve.py", "provision", "--directus", guides.url]
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    with running(["setsid", "--ctty", *command], cwd=ROOT, **terminal) as process:
        os.close(theirs)
        shown = ""
        for question, answer in (("e-mail: ", ADMIN_EMAIL), ("Password: ", ADMIN_PASSWORD)):
            while not shown.endswith(question):
                shown += os.read(ours, 1000).decode()
            os.write(ours, f"{answer}\n".encode())
        while "now   python3" not in shown:
            shown += os.read(ours, 1000).decode()
        assert process.wait(10) == 0
    os.close(ours)
    assert "nothing was changed" in shown
    assert ADMIN_PASSWORD not in shown


def test_what_is_missing_of_a_policy_is_added(guides: Node) -> None:
    permissions = guides.admin.get("/permissions?filter[action][_eq]=create").json()["data"]
    guides.admin.delete(f"/permissions/{permissions[0]['id']}").raise_for_status()
    assert run(guides)[0] == f'made  create on messages in "{POLICY}"'


def test_who_may_not_or_is_not_known_is_told_so(guides: Node) -> None:
    assert run(guides, token=guides.token)[0].startswith(
        f"serve.py: only an administrator may set up {guides.url}: "
    )
    assert "does not know this token" in run(guides, token="wrong")[0]
    with DirectusAdmin(guides.url) as admin:
        with pytest.raises(SetupError, match="is not let in with this password"):
            admin.log_in(ADMIN_EMAIL, "wrong")
        with pytest.raises(SetupError, match="is not let in with this password"):
            admin.log_in("nobody", "wrong")
        admin.log_in(ADMIN_EMAIL, ADMIN_PASSWORD)
        assert provision(admin, print) is None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param({"field": "text", "type": "integer"}, "text is integer, not text", id="type"),
        pytest.param({"field": "user", "type": None}, "user is missing, not string", id="missing"),
        pytest.param(
            {"field": "topic", "type": "string", "meta": {"required": True}},
            "topic is required",
            id="required",
        ),
    ],
)
def test_a_different_collection_is_left_alone(
    guides: Node, change: dict[str, Any], fault: str
) -> None:
    fields = guides.admin.get("/fields/messages").json()["data"]
    put_back = [each for each in fields if each["field"] == change["field"]]
    for each in put_back:
        guides.admin.delete(f"/fields/messages/{each['field']}").raise_for_status()
    if change["type"]:
        guides.admin.post("/fields/messages", json=change).raise_for_status()
    before = traces(guides)
    (line,) = run(guides)
    assert f"is not the guide's ({fault}), so nothing was changed" in line
    assert traces(guides) == before
    if change["type"]:
        guides.admin.delete(f"/fields/messages/{change['field']}").raise_for_status()
    for each in put_back:
        body = {"field": each["field"], "type": each["type"], "meta": each["meta"], "schema": {}}
        guides.admin.post("/fields/messages", json=body).raise_for_status()
    assert run(guides)[0] == "everything is there, and nothing was changed"


def test_a_folder_of_that_name_is_no_collection(guides: Node) -> None:
    guides.admin.delete("/collections/messages").raise_for_status()
    folder: dict[str, Any] = {"collection": "messages", "schema": None, "meta": {}}
    guides.admin.post("/collections", json=folder).raise_for_status()
    assert "(it is a folder)" in run(guides)[0]
