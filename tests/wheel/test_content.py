"""Wheel and sdist hold the SDK and nothing else."""

import email
import re
import tarfile
import tomllib
import zipfile
from email.message import Message

from tests.support.embedded import ROOT
from tests.wheel.conftest import Built

SDK = ROOT / "app" / "directus_realtime"


def sdk_files() -> set[str]:
    """The SDK's files, by their path inside the package."""
    found = {path.relative_to(SDK).as_posix() for path in SDK.rglob("*") if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


def metadata(built: Built) -> Message:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_is_named_as_the_import_is(built: Built) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert built.wheel.name == f"directus_realtime-{version}-py3-none-any.whl"


def test_the_wheel_holds_the_sdk_and_its_metadata(built: Built) -> None:
    info = built.wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    with zipfile.ZipFile(built.wheel) as archive:
        assert set(archive.namelist()) == about | {f"directus_realtime/{n}" for n in sdk_files()}
    assert "py.typed" in sdk_files()


def test_the_sdist_holds_what_the_wheel_is_built_from(built: Built) -> None:
    top = built.sdist.name.removesuffix(".tar.gz")
    besides = {".gitignore", "LICENSE", "PKG-INFO", "docs/pypi.md", "pyproject.toml"}
    with tarfile.open(built.sdist) as archive:
        names = {member.name.removeprefix(f"{top}/") for member in archive if member.isfile()}
    assert names == besides | {f"app/directus_realtime/{name}" for name in sdk_files()}


def test_websockets_is_the_only_dependency_and_not_in_a_browser(built: Built) -> None:
    requirement = "websockets<18,>=14.2; sys_platform != 'emscripten'"
    assert metadata(built).get_all("Requires-Dist") == [requirement]
    assert metadata(built).get_all("Provides-Extra") is None


def test_the_description_has_no_links_that_break_elsewhere(built: Built) -> None:
    description = metadata(built).get_payload()
    assert isinstance(description, str)
    assert description.startswith("# directus-realtime")
    links = re.findall(r"\]\(([^)]*)\)", description)
    assert links
    assert all(link.startswith("https://") for link in links)


def test_the_texts_name_this_wheel(built: Built) -> None:
    in_a_page = f'"./{built.wheel.name}" = "./*"'
    assert in_a_page in str(metadata(built).get_payload())
    readme = (ROOT / "README.md").read_text()
    assert in_a_page in readme
    assert f"pip install dist/{built.wheel.name}" in readme


def test_the_descriptions_code_is_readmes_quickstart_in_short() -> None:
    """Each of its lines, but for the address, stands there too."""
    code = (ROOT / "docs" / "pypi.md").read_text().split("```python\n")[1].split("```")[0]
    readme = (ROOT / "README.md").read_text()
    lines = [line for line in code.splitlines() if "https://example.directus.app" not in line]
    assert [line for line in lines if line not in readme] == []


def test_the_groups_pin_and_the_requirements_files_follow() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    files = {
        "serve": "requirements.txt",
        "tests": "requirements-tests.txt",
        "benchmarks": "requirements-benchmarks.txt",
        "oldest": "tests/wheel/oldest.txt",
        "clients": "tests/clients/requirements.txt",
    }
    assert groups.keys() == files.keys()
    for group, file in files.items():
        pinned = (ROOT / file).read_text().splitlines()
        for requirement in groups[group]:
            name = requirement.split("==")[0]
            matching = rf"{re.escape(name)}(\[\w+\])?=={re.escape(requirement.split('==')[1])} \\"
            assert any(re.fullmatch(matching, line) for line in pinned), requirement
