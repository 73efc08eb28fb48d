"""The page as a folder for any host of static files.

Everything but index.html lies under its version and never changes; see web.site. Beside each file
lie precompressed ones in Zstandard, Brotli and gzip, for hosts that send them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from web.archive import zip_package
from web.site import Site

ENCODINGS = ("zst", "br", "gz")
"""The endings of precompressed files."""


class BuildError(Exception):
    """One sentence that says why the folder cannot be written, and the cure."""


def write_page(site: Site, out: Path) -> list[Path]:
    """Write the page to the folder ``out`` in place of an earlier build; return the files.

    Each file's precompressed ones are copied where set-up has made them, and are not returned.

    Raises:
        BuildError: the folder holds something that is no build of this page.
    """
    _remove_earlier(out)
    return list(_write(site, out))


def is_precompressed(path: Path) -> bool:
    """Tell whether all precompressed files lie beside ``path``."""
    return all(path.with_name(f"{path.name}.{ending}").exists() for ending in ENCODINGS)


def _remove_earlier(out: Path) -> None:
    if out.is_dir() and any(out.iterdir()) and not any(out.glob("v-*/pyscript.toml")):
        raise BuildError(
            f"{out} holds something that is no build of this page: name another folder with --out"
        )
    for old in out.glob("v-*"):
        shutil.rmtree(old)


def _write(site: Site, out: Path) -> Iterator[Path]:
    revision = site.revision()
    page, runtime = out / revision.page, out / revision.runtime
    for path in site.page_files():
        yield _copy(path, page / path.relative_to(site.root))
    yield _put(page / "pyscript.toml", revision.settings.encode())
    for address, path in site.runtime_files():
        yield _copy(path, runtime / "runtime" / address)
    yield _put(runtime / "runtime" / "pyodide_http.zip", zip_package("pyodide_http"))
    yield _put(out / "index.html", site.index(revision))


def _copy(source: Path, target: Path) -> Path:
    """Copy a file, and the precompressed ones beside it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("", *(f".{ending}" for ending in ENCODINGS)):
        found = source.with_name(source.name + ending)
        if found.exists():
            shutil.copyfile(found, target.with_name(target.name + ending))
    return target


def _put(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target
