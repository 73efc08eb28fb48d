"""The installation of Directus: the real npm, on lock files that pin nothing."""

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.embedded import ROOT
from tools import directus_package
from tools.directus_package import VERSION, cache_folder, install
from tools.steps import SetupError

PINS = Path(directus_package.__file__).parent / "directus"


@pytest.fixture
def pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a lock file of our own, which is used instead of Directus'."""
    monkeypatch.setattr(directus_package, "_PINS", tmp_path / "pins")
    folder = tmp_path / "pins" / VERSION
    pin(folder)
    return folder


def pin(folder: Path, script: str = "echo installed >> made.txt", version: str = "1.0.0") -> None:
    """Pin a package without dependencies, whose installation runs `script`."""
    package = {"name": "tiny", "version": version, "scripts": {"install": script}}
    lock = {"name": "tiny", "version": version, "lockfileVersion": 3, "packages": {"": package}}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "package-lock.json").write_text(json.dumps(lock))


def made(folder: Path) -> int:
    """How often it was installed there."""
    return len((folder / "made.txt").read_text().splitlines())


def test_it_is_installed_once(pins: Path, tmp_path: Path) -> None:
    first = install(tmp_path / "cache")
    assert install(tmp_path / "cache") == first
    assert made(first) == 1


def test_another_lock_file_is_another_folder(pins: Path, tmp_path: Path) -> None:
    first = install(tmp_path / "cache")
    pin(pins, version="2.0.0")
    assert install(tmp_path / "cache") != first


def test_each_version_has_a_folder_of_its_own(pins: Path, tmp_path: Path) -> None:
    pin(pins.parent / "11.0.0", version="11.0.0")
    first, older = install(tmp_path / "cache"), install(tmp_path / "cache", "11.0.0")
    assert json.loads((first / "package.json").read_text())["version"] == "1.0.0"
    assert json.loads((older / "package.json").read_text())["version"] == "11.0.0"
    assert made(first) == made(older) == 1


@pytest.mark.parametrize("version", ["9.9.9", "", ".."])
def test_a_version_that_is_not_pinned(pins: Path, tmp_path: Path, version: str) -> None:
    with pytest.raises(SetupError) as raised:
        install(tmp_path / "cache", version)
    assert str(raised.value) == (
        f"Directus {version!r} is not among the versions pinned here: use {VERSION}"
    )


def test_one_that_was_cut_off_is_done_again(pins: Path, tmp_path: Path) -> None:
    folder = install(tmp_path / "cache")
    (folder / "made.stamp").unlink()
    assert install(tmp_path / "cache") == folder
    assert made(folder) == 2


def test_modules_that_cannot_be_compiled(pins: Path, tmp_path: Path) -> None:
    pin(pins, script="echo ENOTFOUND && echo gyp ERR! not found: make && exit 1")
    with pytest.raises(SetupError, match=r"takes make and a C\+\+ compiler: install them"):
        install(tmp_path / "cache")
    pin(pins)
    assert made(install(tmp_path / "cache")) == 1


def test_a_cache_that_cannot_be_written(pins: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(SetupError, match=r"cannot write .*make the folder writable"):
        install(tmp_path / "cache")


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="XDG's folders")
def test_the_cache_is_where_the_person_keeps_caches(tmp_path: Path) -> None:
    named = cache_folder({"XDG_CACHE_HOME": str(tmp_path)})
    assert named == tmp_path / "directus-pyscript"
    assert cache_folder({}) == Path.home() / ".cache" / "directus-pyscript"


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 2)  # nobody's
    with pytest.raises(SetupError, match="name a folder in HOME"):
        cache_folder({})


VERSIONS = sorted(folder.name for folder in PINS.iterdir())


def test_the_readme_and_the_workflow_name_every_version() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert VERSION in VERSIONS
    assert all(version in readme for version in VERSIONS)
    # The version that is installed by default is the one of .ci/run.
    assert all(f'"{version}"' in workflow for version in VERSIONS if version != VERSION)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lock_file_pins_every_package_and_names_no_registry(version: str) -> None:
    packages = json.loads((PINS / version / "package-lock.json").read_text())["packages"]
    assert packages[""]["dependencies"] == {"directus": version}
    pinned = [package for path, package in packages.items() if path]
    assert len(pinned) > 1000
    assert all(package["integrity"].startswith("sha512-") for package in pinned)
    assert not any("resolved" in package for package in pinned)
