"""What the command line is read as."""

import os
from pathlib import Path

import pytest

from tools import ROOT
from tools.command_line import read
from tools.commands.build import Build
from tools.commands.provision import Provision
from tools.commands.serve import Serve
from tools.secret import ADMIN_PASSWORD, ADMIN_TOKEN, PAGE_TOKEN, token_of
from tools.steps import SetupError

URL = "https://directus.example.com"


def test_nothing_is_the_page_on_this_machine() -> None:
    assert read([]) == Serve(
        host="127.0.0.1",
        port=8000,
        db=None,
        project=None,
        example=None,
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
        ("--allow-host", "a..b"),
        ("--allow-host", "*"),
        ("--cors-origin", "a.example"),
        ("--cors-origin", "http://a.example/"),
        ("--cors-origin", "http://a@b"),
        ("--cors-origin", "*"),
        ("--cors-origin", "http://a:b"),
        ("--cors-origin", "http://a:99999"),
        ("--cors-origin", "http://a b"),
    ],
)
def test_what_is_let_in_is_checked_before_set_up(option: str, value: str) -> None:
    with pytest.raises(SetupError, match=f"{option} .* is no (name|origin): give"):
        read([f"{option}={value}", "--db", "/nonexistent/folder/m.db"]).run()


def test_the_other_commands() -> None:
    assert read(["provision", "--directus", URL, "--dry-run"]) == Provision(
        directus=URL, email=None, admin_token=None, new_token=False, dry_run=True, example=None
    )
    assert read(["build", "--out", "here"]) == Build(out=Path("here"), url=None, token=None)
    # Not where `python -m build` puts the wheel: what is no build of the page is left alone.
    assert read(["build"]) == Build(out=ROOT / "site", url=None, token=None)


def test_a_command_with_a_wrong_address_stops_before_set_up() -> None:
    with pytest.raises(SetupError, match=r"--url takes an address .* begin with https://"):
        read(["build", "--url", "x.com"]).run()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--prot 8000", "there is no option --prot: did you mean --port?"),
        ("--prot=8000 x", "there is no option --prot: did you mean --port?"),
        ("--zzz", "there is no option --zzz: --help says what there is"),
        ("-z", "there is no option -z: --help says what there is"),
        ("--allow name", "there is no option --allow: did you mean --allow-host?"),
        ("biuld", "there is no command biuld: did you mean build?"),
        ("x", "there is no command x: --help says what there is"),
        ("--port 0 build", "a command comes first: serve.py build OPTIONS"),
        ("provision --directs URL", "there is no option --directs: did you mean --directus?"),
        ("provision", "the following arguments are required: --directus"),
        ("build --ulr URL", "there is no option --ulr: did you mean --url?"),
        ("build dist", "expected options alone, got 'dist': --help says what there is"),
        ("--port 65536", "--port: expected a whole number from 0 to 65535, got '65536'"),
        ("--port x", "--port: expected a whole number from 0 to 65535, got 'x'"),
        ("--port", "--port: expected one argument"),
        ("--direct", "--direct needs --directus URL"),
    ],
)
def test_a_wrong_command_line_is_told_with_its_cure(
    arguments: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        read(arguments.split())
    usage, _, told = capsys.readouterr().err.rpartition("error: ")
    assert usage.startswith("usage: serve.py")
    assert told.strip().endswith(sentence)


@pytest.mark.parametrize("command", [[], ["provision"], ["build"]])
def test_help_names_the_variables_and_the_other_commands(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        read([*command, "--help"])
    said = capsys.readouterr().out
    names = ["DIRECTUS_PAGE_TOKEN"] if command != ["provision"] else [ADMIN_TOKEN, ADMIN_PASSWORD]
    assert [name for name in names if name not in said] == []
    assert command or ("serve.py provision  " in said and "serve.py build  " in said)


def test_a_token_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PAGE_TOKEN, "outside")
    assert token_of("given", "--token", PAGE_TOKEN) == "given"
    assert token_of("", "--token", PAGE_TOKEN) == ""
    assert token_of(None, "--token", PAGE_TOKEN) == "outside"
    monkeypatch.setenv(PAGE_TOKEN, "")
    assert token_of(None, "--token", PAGE_TOKEN) is None


@pytest.mark.parametrize("option", ["--token", PAGE_TOKEN])
@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("secret\n", "a line end or a tab"),
        (" secret", "begins or ends with a space"),
        ("secret\udcff", "is not in UTF-8"),
    ],
)
def test_a_token_that_was_copied_with_more_is_refused_and_not_shown(
    option: str, token: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PAGE_TOKEN, token)
    arguments = ["--token", token] if option == "--token" else []
    with pytest.raises(SetupError, match=f"the token in {option} .*{sentence}") as raised:
        read(arguments).run()
    assert "secret" not in str(raised.value)


def test_values_are_checked_before_set_up(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("= no TOML, and no database")
    wide = tmp_path / "wide.toml"
    wide.write_text("[collections]", encoding="utf-16")
    os.mkfifo(tmp_path / "pipe")
    for arguments, sentence in (
        (["--db", str(text)], "notes.txt is a file of something else than SQLite: .* --db"),
        (["--db", str(tmp_path)], "cannot be written .*: name another file with --db"),
        (["--project", str(text)], "--project .*notes.txt cannot be read .*: name a file in TOML"),
        (["--project", str(wide)], r"wide.toml cannot be read \(it is not in UTF-8, as TOML is"),
        (["--project", str(tmp_path / "pipe")], r"pipe cannot be read \(it is a pipe\)"),
        (["--project", "none.toml"], r"--project none.toml cannot be read \(No such file"),
        (["--example", ""], "there is no example '': choose one of"),
        (["--host", ""], "--host '' is no address"),
        (["--directus", URL, "--token", "é"], "letters of ASCII alone"),
        (["provision", "--directus", URL, "--admin-token="], "--admin-token is empty"),
        (["provision", "--directus", URL, "--admin-token", "é"], "letters of ASCII alone"),
        (["provision", "--directus", URL, "--email", "\udcff"], "in --email is not in UTF-8"),
    ):
        database = [] if arguments[0] in ("--db", "provision") else ["--db", str(tmp_path / "m")]
        with pytest.raises(SetupError, match=sentence):
            read([*arguments, *database]).run()


@pytest.mark.parametrize(
    "arguments",
    [["--example", "nope"], ["provision", "--directus", URL, "--example", "nope"]],
    ids=["served", "provisioned"],
)
def test_an_example_that_is_not_there_is_told_with_those_that_are(arguments: list[str]) -> None:
    with pytest.raises(SetupError, match=r"no example 'nope': choose one of chat, poll$"):
        read(arguments).run()


def test_an_examples_passwords_are_for_this_machine_alone() -> None:
    with pytest.raises(SetupError, match=r"the example chat, .* --project$"):
        read(["--example", "chat", "--host", "0.0.0.0"]).run()
    with pytest.raises(SetupError, match="sample token"):
        read(["--example", "poll", "--host", "0.0.0.0"]).run()
