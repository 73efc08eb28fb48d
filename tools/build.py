"""The page as a folder for any host of static files.

Everything but index.html lies under a name for its version and never changes; see server.pages.
Beside each file lie its twins in Zstandard, Brotli and gzip, for hosts that send them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

from server.packed import zipped
from server.pages import Settings, Site
from tools import npm
from tools.steps import SetupError, Steps, megabytes, size_of

_ENDINGS = ("zst", "br", "gz")
_COMPRESS = Path(__file__).with_name("compress.mjs")


def build(root: Path, out: Path, page: Settings, packages: Path) -> str:
    """Write the page of the checkout at `root` to `out`; return what to say about it.

    `page` holds settings that stand in for those of pyscript.toml; Node is among the Python
    `packages`. Raises SetupError.
    """
    site = Site(root, page)
    _make_room(out)
    written = list(_write(site, out))
    waiting = [path for path in written if not _has_twins(path)]
    log = root / ".setup" / "build"
    log.mkdir(parents=True, exist_ok=True)
    steps = Steps(1, log)
    steps.run(
        "Compressed twins",
        [npm.node(packages), str(_COMPRESS), ",".join(_ENDINGS), *map(str, waiting)],
        progress=lambda log: f"{log.count('done')} of {len(waiting)} files",
    )
    size = megabytes(sum(path.stat().st_size for path in written))
    return f"{out}: {len(written)} files, {size}; with their twins {megabytes(size_of(out))}"


def _make_room(out: Path) -> None:
    """Take away an earlier build, and nothing else."""
    if out.is_dir() and any(out.iterdir()) and not any(out.glob("v-*/pyscript.toml")):
        raise SetupError(
            f"{out} holds something that is no build of this page: name another folder with --out"
        )
    for old in out.glob("v-*"):
        shutil.rmtree(old)


def _write(site: Site, out: Path) -> Iterator[Path]:
    look = site.look()
    page, runtime = out / look.page, out / look.runtime
    for path in site.page_files():
        yield _copy(path, page / path.relative_to(site.root))
    yield _put(page / "pyscript.toml", look.settings.encode())
    for address, path in site.runtime_files():
        yield _copy(path, runtime / "runtime" / address)
    yield _put(runtime / "runtime" / "pyodide_http.zip", zipped("pyodide_http"))
    yield _put(out / "index.html", site.index(look))


def _copy(source: Path, target: Path) -> Path:
    """Copy a file, and the twins that set-up made of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in ("", *(f".{ending}" for ending in _ENDINGS)):
        twin = source.with_name(source.name + ending)
        if twin.exists():
            shutil.copyfile(twin, target.with_name(target.name + ending))
    return target


def _put(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def _has_twins(path: Path) -> bool:
    return all(path.with_name(f"{path.name}.{ending}").exists() for ending in _ENDINGS)
