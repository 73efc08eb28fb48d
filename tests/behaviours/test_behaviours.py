"""Each behaviour on CPython and in Pyodide; `tests/directus` does the same on a real Directus."""

import pytest

from tests.behaviours.running import Place, Pyodide, names, run_here


@pytest.mark.parametrize("name", names())
def test_on_cpython(name: str, place: Place) -> None:
    run_here(name, place)


@pytest.mark.parametrize("name", names())
def test_in_pyodide(name: str, page: Pyodide, place: Place) -> None:
    page.run(name, place)
