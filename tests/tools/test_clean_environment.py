"""What programs that are started here get of a person's environment variables."""

import os
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tools.clean_environment import clean, clean_environment
from tools.steps import Steps


@pytest.mark.parametrize(
    "name",
    [
        *("PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH", "PYTHONWARNINGS", "PYTHONOPTIMIZE"),
        *("PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONIOENCODING", "__PYVENV_LAUNCHER__"),
        *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_PYTHON", "PIP_REQUIRE_VIRTUALENV"),
        *("npm_config_prefix", "npm_config_global", "npm_config_omit", "NPM_CONFIG_PRODUCTION"),
        *("NODE_OPTIONS", "NODE_ENV", "NODE_PATH", "PYTEST_ADDOPTS", "PYTEST_PLUGINS"),
        *("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "MYPYPATH", "RUFF_CONFIG", "GIT_DIR", "FORCE_COLOR"),
    ],
)
def test_what_changes_how_programs_run_stays_outside(name: str) -> None:
    assert clean_environment({name: "1", "PATH": "/bin"}).keys() == {"PATH", "PYTHONUTF8"}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "CHROMIUM", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NO_COLOR"),
        *("PIP_INDEX_URL", "PIP_CERT", "PIP_NO_INDEX", "PIP_CACHE_DIR", "PIP_CONFIG_FILE"),
        *("npm_config_registry", "npm_config_cafile", "NPM_CONFIG_STRICT_SSL"),
        *("npm_config_https-proxy", "npm_config_//npm.example.com/:_authToken"),
        *("NODE_EXTRA_CA_CERTS", "PYTHONDONTWRITEBYTECODE", "PLAYWRIGHT_BROWSERS_PATH"),
    ],
)
def test_what_says_the_way_to_packages_holds_here_too(name: str) -> None:
    assert clean_environment({name: "mine"})[name] == "mine"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"HTTP_PROXY": "p"}, "localhost,127.0.0.1,::1"),
        (
            {"all_proxy": "p", "NO_PROXY": "a.example, localhost"},
            "a.example,localhost,127.0.0.1,::1",
        ),
        ({"https_proxy": "p", "no_proxy": "*"}, "*"),
        ({"NO_PROXY": ""}, None),
        ({}, None),
    ],
)
def test_no_proxy_stands_before_this_machine(given: dict[str, str], expected: str | None) -> None:
    found = clean_environment(given)
    assert (found.get("no_proxy"), found.get("NO_PROXY") or None) == (expected, expected)


def test_a_temporary_folder_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    found = clean_environment({"TMPDIR": str(tmp_path / "gone"), "TMP": str(tmp_path)})
    assert found.keys() == {"TMP", "PYTHONUTF8"}


def test_steps_and_this_process_use_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_USER", "1")
    code = "import os; assert 'PIP_USER' not in os.environ and os.environ['MORE'] == '1'"
    Steps(1, tmp_path).run("Look", [sys.executable, "-c", code], environment={"MORE": "1"})
    environ = dict(os.environ)
    clean(environ)
    assert environ == clean_environment()


def test_serve_py_starts_whatever_the_environment_says_of_python(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("raise SystemExit('the wrong one')")
    hostile = {
        **os.environ,
        **{"PYTHONSAFEPATH": "1", "PYTHONPATH": str(tmp_path), "PYTHONWARNINGS": "error"},
        **{"PYTHONOPTIMIZE": "2", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        **{"ALL_PROXY": "socks5://127.0.0.1:9", "TMPDIR": str(tmp_path / "gone")},
        **{"SSL_CERT_FILE": str(tmp_path / "gone")},
    }
    python = getattr(sys, "_base_executable", sys.executable)
    command = [python, ROOT / "serve.py", "--port", "0", "--db", tmp_path / "m.db", "--token", "é→"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=hostile, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said = "".join(takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        process.kill()
        assert process.stderr.read() == ""
    assert "The token  é→\n" in said
