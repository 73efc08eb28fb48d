"""Python packages of the host, archived for the page."""

import importlib.util
import io
import zipfile
from functools import cache
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


@cache
def zip_package(package: str) -> bytes:
    """Return the installed ``package`` as a zip, made without importing it; always the same bytes.

    Raises:
        FileNotFoundError: it is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(package)
    return zip_folder(Path(spec.origin).parent)


def zip_folder(folder: Path) -> bytes:
    """Return the package that lies in ``folder`` as a zip; the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder.parent).as_posix()
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
