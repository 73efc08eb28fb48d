"""The installed browser runtime, and npm where no registry answers."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from tools.environment import VirtualEnvironment
from tools.runtime import Runtime
from tools.steps import SetupError, Steps
from web.config import runtime_folders

ROOT = Path(__file__).parents[2]
PACKAGES = VirtualEnvironment(ROOT).packages


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with our lock file, which has installed nothing."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_the_runtime_that_the_page_needs_is_installed() -> None:
    assert Runtime(ROOT, PACKAGES).is_current()
    folders = runtime_folders(ROOT)
    assert (folders["pyscript"] / "core.js").exists()
    assert (folders["pyodide"] / "pyodide.asm.wasm").exists()


def test_the_lock_file_pins_every_package_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    pinned = [package for path, package in packages.items() if path]
    assert all(package["integrity"].startswith("sha512-") for package in pinned)
    assert not any("resolved" in package for package in pinned)


def test_another_lock_file_is_another_runtime(checkout: Path) -> None:
    (checkout / "node_modules").mkdir()
    shutil.copy(ROOT / "node_modules" / "runtime.stamp", checkout / "node_modules")
    assert Runtime(checkout, PACKAGES).is_current()
    with (checkout / "package-lock.json").open("a") as lock:
        lock.write("\n")
    assert not Runtime(checkout, PACKAGES).is_current()


def test_a_registry_that_does_not_answer(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        registry = f"http://127.0.0.1:{closed.getsockname()[1]}/"
        monkeypatch.setenv("npm_config_registry", registry)
        monkeypatch.setenv("npm_config_cache", str(checkout / "cache"))
        with pytest.raises(SetupError, match="registry does not answer"):
            Runtime(checkout, PACKAGES).install(Steps(1, checkout))
    assert not Runtime(checkout, PACKAGES).is_current()
