"""Set-up with real environments and a real pip, from wheels that the tests make."""

import hashlib
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.clean_environment import clean_environment
from tools.environment import Packages, SetupTask, VirtualEnvironment, set_up
from tools.steps import SetupError, Steps

REQUIREMENTS = "requirements.txt"


class Checkout:
    """A folder with a requirements file that pins one package, of which there are two versions."""

    def __init__(self, root: Path, wheels: Path) -> None:
        self.root = root
        self.wheels = wheels
        self.environment = VirtualEnvironment(root)
        self.tasks: list[SetupTask] = [
            self.environment,
            Packages(self.environment, REQUIREMENTS, "Packages"),
        ]

    @property
    def module(self) -> Path:
        return self.environment.packages / "tiny.py"

    @property
    def record(self) -> Path:
        return next(self.environment.packages.glob("tiny-*.dist-info/RECORD"))

    def pin(self, version: str, digest: str | None = None) -> None:
        wheel = make_wheel(self.wheels, version)
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        text = f"tiny=={version} \\\n    --hash=sha256:{digest}\n"
        (self.root / REQUIREMENTS).write_text(text, encoding="utf-8")

    def set_up(self) -> bool:
        return set_up(self.root, self.tasks)


def make_wheel(folder: Path, version: str) -> Path:
    path = folder / f"tiny-{version}-py3-none-any.whl"
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose set-up was cut off early; the first test's set-up goes on from there."""
    base = tmp_path_factory.mktemp("checkout")
    (base / "wheels").mkdir()
    root = base / 'Prüfung (1) "q" %41 #;'
    environment = VirtualEnvironment(root)
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    (environment.folder / f"{REQUIREMENTS}.stamp").write_text("old")
    return Checkout(root, base / "wheels")


@pytest.fixture
def checkout(made: Checkout, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(made.wheels))
    configured = made.root / "pip.conf"
    configured.write_text(f"[install]\nuser = true\ntarget = {made.root / 'elsewhere'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configured))
    monkeypatch.setenv("PIP_PREFIX", str(made.root / "elsewhere"))
    made.pin("1.0")
    made.set_up()
    return made


def test_set_up_goes_on_from_a_half_made_environment_and_then_rests(checkout: Checkout) -> None:
    assert "1.0" in checkout.module.read_text()
    assert not checkout.set_up()


def test_other_pins_are_installed_without_a_home_and_for_the_person_alone(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME", raising=False)
    checkout.pin("2.0")
    usual = os.umask(0o077)
    try:
        assert checkout.set_up()
    finally:
        os.umask(usual)
    assert "2.0" in checkout.module.read_text()
    assert checkout.module.stat().st_mode & 0o077 == 0
    assert not checkout.set_up()


def test_the_app_is_found_in_a_folder_of_any_letters_in_any_locale(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = checkout.root / "app"
    app.mkdir()
    monkeypatch.setenv("LC_ALL", "POSIX")
    command = [str(checkout.environment.python), "-c", "import sys; print(ascii(sys.path[-1]))"]
    said = subprocess.run(command, env=clean_environment(), capture_output=True, text=True).stdout
    assert said == f"{str(app)!a}\n"


def test_a_package_cut_off_while_it_was_written_is_written_again(checkout: Checkout) -> None:
    checkout.module.unlink()
    lines = checkout.record.read_text().splitlines(keepends=True)
    checkout.record.write_text("".join(line for line in lines if "/INSTALLER," not in line))
    (checkout.environment.folder / f"{REQUIREMENTS}.stamp").unlink()
    assert checkout.set_up()
    assert checkout.module.exists()


def test_an_environment_whose_python_is_gone_is_not_current(checkout: Checkout) -> None:
    python = checkout.environment.python
    aside = python.rename(python.with_name("aside"))
    assert not any(task.is_current() for task in checkout.tasks)
    aside.rename(python)


def test_a_moved_checkout_is_not_current(checkout: Checkout) -> None:
    moved = checkout.root.rename(checkout.root.with_name("moved"))
    assert not any(task.is_current() for task in Checkout(moved, checkout.wheels).tasks)
    moved.rename(checkout.root)


def test_nothing_is_current_while_it_is_being_changed(checkout: Checkout) -> None:
    checkout.pin("2.0", digest="0" * 64)
    with pytest.raises(SetupError, match="not the one that the lock file names"):
        checkout.set_up()
    checkout.pin("1.0")
    assert not checkout.tasks[1].is_current()


def test_a_registry_that_does_not_answer(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        checkout.pin("3.0")
        with pytest.raises(SetupError, match="registry does not answer"):
            checkout.set_up()


def test_a_socks_proxy_which_pip_cannot_use(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://packages.example.com/simple")
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS", "NO_PROXY", "no_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    checkout.pin("3.0")
    with pytest.raises(SetupError, match="HTTPS_PROXY names a SOCKS proxy, which pip cannot use"):
        checkout.set_up()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    root = tmp_path / "file"
    root.touch()
    environment = VirtualEnvironment(root)
    with pytest.raises(SetupError, match=r"cannot write .*make the checkout's folder writable"):
        set_up(root, [environment])


def test_a_file_that_is_missing_is_told_as_that(checkout: Checkout) -> None:
    pinned = checkout.root / REQUIREMENTS
    aside = pinned.rename(checkout.root / "aside")
    with pytest.raises(SetupError, match=f"{REQUIREMENTS} is missing: take it from the repository"):
        checkout.set_up()
    aside.rename(pinned)


def test_a_python_without_venv_names_the_package_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SetupError, match="apt install python3-venv"):
        VirtualEnvironment(tmp_path).install(Steps(1, tmp_path))


def test_two_starts_at_once_do_the_work_once(checkout: Checkout) -> None:
    checkout.pin("2.0")
    code = (
        "import sys; from pathlib import Path; from tools.environment import *\n"
        "root = Path(sys.argv[1]); venv = VirtualEnvironment(root)\n"
        f"set_up(root, [venv, Packages(venv, {REQUIREMENTS!r}, 'Packages')])"
    )
    command = [sys.executable, "-c", code, str(checkout.root)]
    starts = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd())
        for _ in range(2)
    ]
    printed = [start.communicate()[0] for start in starts]
    assert [start.returncode for start in starts] == [0, 0]
    assert "".join(printed).count("Packages ...") == 1
    assert not checkout.set_up()
