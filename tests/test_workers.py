"""How the tests are shared out to workers: in the one order that works."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.__main__ import shares
from tests.support.embedded import ROOT
from tests.support.inner import run_pytest
from tests.support.scheduling import uses_browser

PLAIN = ("--numprocesses", "4", "--dist", "load")


@pytest.mark.parametrize("arguments", [[], ["-x"], ["-k", "server"], ["-n0"]])
def test_the_plain_tier_is_shared_out_in_the_order_load(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DIRECTUS_INSTALL", raising=False)
    assert shares(arguments) == [PLAIN]


@pytest.mark.parametrize(
    "arguments",
    [["tests/test_layers.py"], ["tests/app", "-x"], ["-s"], ["--pdb"], ["-p", "no:xdist"]],
)
def test_where_workers_are_of_no_use_there_are_none(arguments: list[str]) -> None:
    assert shares(arguments) == [()]


def test_those_on_a_real_directus_run_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTUS_INSTALL", "/somewhere")
    assert shares([]) == [(*PLAIN, "--ignore=tests/directus"), ("tests/directus",)]


@pytest.mark.parametrize("distribution", ["loadfile", "worksteal"])
def test_orders_that_mix_browser_tests_with_others_are_refused(distribution: str) -> None:
    code, printed = run_pytest("--dist", distribution, "-n2", "tests/test_layers.py")
    assert code == pytest.ExitCode.USAGE_ERROR
    assert f"--dist {distribution} does not keep the order" in printed
    assert "use --dist load" in printed


def test_in_all_workers_browser_tests_come_last(request: pytest.FixtureRequest) -> None:
    browser = ["playwright" in getattr(item, "fixturenames", ()) for item in request.session.items]
    assert browser == sorted(browser)


COUNT = 40
IN_ORDER = f"""
import pytest

@pytest.mark.parametrize("kind", ["KIND"])
@pytest.mark.parametrize("number", range({COUNT}))
def test_it(kind, number, worker_id, record_property):
    record_property(worker_id, number)
"""


def test_half_of_the_workers_begin_with_browser_tests_and_all_run_theirs_in_order(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_a.py").write_text(IN_ORDER)
    (tmp_path / "test_b.py").write_text(IN_ORDER.replace("KIND", "chromium"))
    report = tmp_path / "report.xml"
    code, printed = run_pytest(
        *("-p", "xdist", "-p", "tests.support.scheduling", *PLAIN),
        *(f"--rootdir={tmp_path}", f"--junit-xml={report}", tmp_path),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",  # the others take half of its time
        PYTHONPATH=str(ROOT),
    )
    assert code == 0, printed
    found: dict[str, list[tuple[str, int]]] = {f"gw{n}": [] for n in range(4)}
    for case in ElementTree.parse(report).iter("testcase"):
        for told in case.iter("property"):
            found[told.attrib["name"]].append((case.attrib["classname"], int(told.attrib["value"])))
    assert sum(map(len, found.values())) == 2 * COUNT
    begun_with = sorted(order[0][0] for order in found.values())
    assert begun_with == ["test_a", "test_a", "test_b", "test_b"]
    for order in found.values():
        assert order == sorted(order)


def test_the_scheduler_knows_browser_tests_by_their_names(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        assert uses_browser(item.nodeid) == ("playwright" in getattr(item, "fixturenames", ()))
