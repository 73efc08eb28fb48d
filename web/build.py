"""The page as a folder for any host of static files.

Everything but index.html lies under its version and never changes; see web.site. So what an earlier
build has under the same version stays, and a build that was cut off goes on. Beside each file
lie precompressed ones in Zstandard, Brotli and gzip, for hosts that send them.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from web.archive import zip_package
from web.config import ENCODINGS
from web.site import PageError, Revision, Site


class BuildError(Exception):
    """One sentence that says why the folder cannot be written, and the cure."""


def write_page(site: Site, out: Path) -> tuple[list[Path], int]:
    """Write the page to the folder ``out`` in place of an earlier build.

    What the earlier build has of the same content stays. Each file's precompressed ones are copied
    where set-up has made them.

    Returns:
        The files, without the precompressed ones, and how many of them were there already.

    Raises:
        BuildError: the folder holds something that is no build of this page, or the page cannot be
            read.
    """
    try:
        revision = site.revision()
        index = site.index(revision)
    except PageError as error:
        raise BuildError(str(error)) from error
    _remove_earlier(out, {revision.page, revision.runtime})
    written = list(_write(site, revision, index, out))
    return [path for path, _ in written], sum(was_there for _, was_there in written)


def is_precompressed(path: Path) -> bool:
    """Tell whether all precompressed files lie beside ``path``."""
    return all(path.with_name(f"{path.name}.{ending}").exists() for ending in ENCODINGS)


def _remove_earlier(out: Path, current: set[str]) -> None:
    if out.is_dir() and any(out.iterdir()) and not any(out.glob("v-*/pyscript.toml")):
        raise BuildError(
            f"{out} holds something that is no build of this page: name another folder with --out"
        )
    for old in out.glob("v-*"):
        if old.name not in current:
            shutil.rmtree(old)


def _write(site: Site, revision: Revision, index: bytes, out: Path) -> Iterator[tuple[Path, bool]]:
    """Write the files; yields each with whether it was there."""
    page, runtime = out / revision.page, out / revision.runtime
    # First, so that a build that is cut off is known as one of this page.
    yield _put(page / "pyscript.toml", revision.settings.encode())
    for path in site.page_files():
        yield _copy(path, page / path.relative_to(site.root))
    for address, path in site.runtime_files():
        yield _copy(path, runtime / "runtime" / address)
    yield _put(runtime / "runtime" / "pyodide_http.zip", zip_package("pyodide_http"))
    yield _put(out / "index.html", index)


def _copy(source: Path, target: Path) -> tuple[Path, bool]:
    """Copy a file, and the precompressed ones beside it, where they are missing."""
    was_there = target.exists()
    for ending in ("", *(f".{ending}" for ending in ENCODINGS)):
        found = source.with_name(source.name + ending)
        copy = target.with_name(target.name + ending)
        if found.exists() and not copy.exists():
            _replace(copy, found.read_bytes())
    return target, was_there


def _put(target: Path, content: bytes) -> tuple[Path, bool]:
    """Write a file, whose precompressed ones are of no use where it was another."""
    was_there = target.exists() and target.read_bytes() == content
    if not was_there:
        for ending in ENCODINGS:
            target.with_name(f"{target.name}.{ending}").unlink(missing_ok=True)
        _replace(target, content)
    return target, was_there


def _replace(target: Path, content: bytes) -> None:
    """Write a file that is complete as soon as it is there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f"{target.name}.new")
    draft.write_bytes(content)
    os.replace(draft, target)
