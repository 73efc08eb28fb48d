"""docs/guides.md shows what is run."""

from tests.support.embedded import ROOT
from tests.support.guides import MODULES, page, samples


def test_every_twin_is_run_by_a_test() -> None:
    tests = [
        *sorted((ROOT / "tests" / "guides").glob("test_*.py")),
        ROOT / "tests" / "directus" / "test_custom_handlers.py",  # no other server has the hook
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in tests)
    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        for sample in samples(module):
            assert f"{name}.{sample.__name__}" in source, sample.__name__


def test_the_page_of_the_guides_is_current() -> None:
    assert (ROOT / "docs" / "guides.md").read_text(encoding="utf-8") == page()
