"""How the tests are shared out to workers: in the one order that works."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.__main__ import shares
from tests.support.inner import run_pytest

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


def test_those_on_a_real_directus_run_apart_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTUS_INSTALL", "/somewhere")
    two = ("--numprocesses", "2", "--dist", "load")
    assert shares([]) == [(*PLAIN, "--ignore=tests/directus"), (*two, "tests/directus")]


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

@pytest.mark.parametrize("number", range({COUNT}))
def test_it(number, worker_id, record_property):
    record_property(worker_id, number)
"""


def test_each_worker_runs_its_tests_in_the_order_of_all(tmp_path: Path) -> None:
    for name in ("test_a.py", "test_b.py"):
        (tmp_path / name).write_text(IN_ORDER)
    report = tmp_path / "report.xml"
    code, printed = run_pytest(
        *("-p", "xdist", *PLAIN, f"--rootdir={tmp_path}", f"--junit-xml={report}", tmp_path),
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",  # the others take half of its time
    )
    assert code == 0, printed
    found: dict[str, list[tuple[str, int]]] = {f"gw{n}": [] for n in range(4)}
    for case in ElementTree.parse(report).iter("testcase"):
        for told in case.iter("property"):
            found[told.attrib["name"]].append((case.attrib["classname"], int(told.attrib["value"])))
    assert sum(map(len, found.values())) == 2 * COUNT
    for order in found.values():
        assert order
        assert order == sorted(order)
