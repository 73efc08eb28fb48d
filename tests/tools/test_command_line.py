"""What the command line is read as."""

from pathlib import Path

import pytest

from tools import ROOT
from tools.command_line import read
from tools.commands.build import Build
from tools.commands.provision import Provision
from tools.commands.serve import Serve
from tools.steps import SetupError

URL = "https://directus.example.com"


def test_nothing_is_the_page_on_this_machine() -> None:
    assert read([]) == Serve(
        host="127.0.0.1",
        port=8000,
        db=ROOT / ".data" / "messages.db",
        project=None,
        token=None,
        auth=None,
        open=False,
        directus=None,
        direct=False,
        allow_host=[],
        cors_origin=[],
    )


def test_options_of_serving() -> None:
    command = read(["--port", "0", "--directus", URL, "--direct", "--auth", "strict", "--token="])
    assert isinstance(command, Serve)
    assert (command.port, command.directus, command.direct) == (0, URL, True)
    assert (command.auth, command.token) == ("strict", "")


def test_names_and_origins_that_are_let_in() -> None:
    command = read(["--allow-host", "a.example", "--allow-host=b", "--cors-origin", "http://a:5"])
    assert isinstance(command, Serve)
    assert (command.allow_host, command.cors_origin) == (["a.example", "b"], ["http://a:5"])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--allow-host", "http://a.example"),
        ("--allow-host", "a.example:80"),
        ("--allow-host", ""),
        ("--cors-origin", "a.example"),
        ("--cors-origin", "http://a.example/"),
        ("--cors-origin", "http://a@b"),
        ("--cors-origin", "*"),
    ],
)
def test_what_is_let_in_is_checked_before_set_up(option: str, value: str) -> None:
    with pytest.raises(SetupError, match=f"{option} .* is no (name|origin): give"):
        read([f"{option}={value}", "--db", "/nonexistent/folder/m.db"]).run()


def test_the_other_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTUS_ADMIN_TOKEN", "secret")
    assert read(["provision", "--directus", URL, "--dry-run"]) == Provision(
        directus=URL, email=None, admin_token="secret", new_token=False, dry_run=True
    )
    assert read(["build", "--out", "here"]) == Build(out=Path("here"), url=None, token=None)


def test_a_command_with_a_wrong_address_stops_before_set_up() -> None:
    with pytest.raises(SetupError, match="begin with https://"):
        read(["build", "--url", "x.com"]).run()
