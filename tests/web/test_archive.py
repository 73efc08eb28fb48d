"""A package of the host as an archive for the page."""

import importlib.util
import io
import zipfile
from pathlib import Path

from web.archive import zip_package


def test_a_package_is_zipped_without_being_imported() -> None:
    spec = importlib.util.find_spec("pyodide_http")
    assert spec is not None
    assert spec.origin is not None
    with zipfile.ZipFile(io.BytesIO(zip_package("pyodide_http"))) as archive:
        assert archive.read("pyodide_http/__init__.py") == Path(spec.origin).read_bytes()
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
