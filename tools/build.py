"""The static build: the page written to a folder, and every file of it precompressed."""

from collections.abc import Mapping
from pathlib import Path

from tools.precompressed import compress
from tools.steps import SetupError, Steps, megabytes, size_of


def build(
    root: Path, out: Path, settings: Mapping[str, str | bool | int | float], packages: Path
) -> str:
    """Write the page of the checkout at `root` to `out`; return what to say about it.

    `settings` replace those of pyscript.toml; Node is among the Python `packages`. Raises
    SetupError.
    """
    from web.build import ENCODINGS, BuildError, is_precompressed, write_page
    from web.site import Site

    try:
        written = write_page(Site(root, settings), out)
    except BuildError as error:
        raise SetupError(str(error)) from error
    log = root / ".setup" / "build"
    log.mkdir(parents=True, exist_ok=True)
    waiting = [path for path in written if not is_precompressed(path)]
    compress(Steps(1, log), "Compressed files", packages, ENCODINGS, waiting)
    size, whole = sum(path.stat().st_size for path in written), size_of(out)
    return f"{out}: {len(written)} files, {megabytes(size)}, compressed too {megabytes(whole)}"
