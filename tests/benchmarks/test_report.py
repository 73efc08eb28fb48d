import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks.common import report
from benchmarks.common.report import PAGE, Report, options, placed
from tests.support.embedded import ROOT

TABLE = "| page | a second |\n| --- | ---: |\n| ours | 1 |"
NAMES = ("burst", "latency", "memory", "live", "connections", "events", "fanout")


def a_report() -> Report:
    from matplotlib.figure import Figure  # takes a second, which would be one of each worker

    return Report("burst", TABLE, ("ours, all rounds: 1",), Figure(), "156.0")


def test_a_text_takes_the_place_of_the_one_before() -> None:
    page = "# P\n\n<!-- burst -->\nold\n<!-- end of burst -->\n\n<!-- live -->\nkept"
    assert placed(page, "burst", r"new \1") == (
        "# P\n\n<!-- burst -->\n\nnew \\1\n\n<!-- end of burst -->\n\n<!-- live -->\nkept"
    )


def test_a_page_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="<!-- burst -->"):
        placed("# P", "burst", "new")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_a_place_for_each_benchmark(name: str) -> None:
    assert placed(PAGE.read_text(), name, "x")
    assert (ROOT / "benchmarks" / f"{name}.py").exists()
    assert f"benchmarks.{name}" in (ROOT / "README.md").read_text()


def test_nothing_of_the_checkout_is_written_unless_that_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, plots = tmp_path / "performance.md", tmp_path / "plots"
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PLOTS", plots)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    page.write_text("<!-- burst --><!-- end of burst -->")
    a_report().publish(save=False)
    assert page.read_text() == "<!-- burst --><!-- end of burst -->"
    assert not plots.exists()
    plot = Path(capsys.readouterr().out.splitlines()[-1])
    assert plot.is_relative_to(tmp_path / "temporary")
    assert plot.read_text().startswith("<?xml")


def test_saved_it_is_in_the_page_with_machine_and_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page, plots = tmp_path / "performance.md", tmp_path / "plots"
    monkeypatch.setattr(report, "PAGE", page)
    monkeypatch.setattr(report, "PLOTS", plots)
    monkeypatch.setattr(sys, "argv", ["burst.py", "--save"])
    page.write_text("<!-- burst --><!-- end of burst -->")
    a_report().publish(save=True)
    assert TABLE in page.read_text()
    assert "- ours, all rounds: 1\n" in page.read_text()
    assert "`python3 -m benchmarks.burst --save`" in page.read_text()
    assert "Chromium 156.0, PyScript" in page.read_text()
    assert (plots / "burst.svg").exists()


def test_options_are_counts_with_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["burst.py", "--events", "50"])
    found = options("What it measures.", events=20_000, rounds=5)
    assert vars(found) == {"events": 50, "rounds": 5, "save": False}


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_count_that_is_none_is_refused(count: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["burst.py", "--events", count])
    with pytest.raises(SystemExit):
        options("What it measures.", events=20_000)
