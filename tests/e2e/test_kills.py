"""Server and tab are killed again and again: what the page was told is stored, is stored, once."""

import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserType

from tests.support.embedded import Embedded
from tests.support.pages import Open, Warm, opener
from tests.support.tier import runs

SECONDS = runs(600)
KILLS = 3  # at least: of a tab, and of a server and a tab
SOME = 20  # answers before a kill

WRITE = """round => {
    window.written = 0;
    (async () => {
        for (let number = 0; ; number++) {
            const text = `${round}.${number}`;
            const answer = createItem(text, "Ben");
            answer.then(() => { window.written += 1; answered(text); }, () => {});
            await new Promise(resolve => setTimeout(resolve, 5));
        }
    })();
}"""


def kill_tabs(browser: Browser) -> None:
    """Kill the processes of all tabs."""
    session = browser.new_browser_cdp_session()
    for process in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        if process["type"] == "renderer":
            os.kill(process["id"], signal.SIGKILL)
    session.detach()


def stored(database: Path) -> list[str]:
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT text FROM messages").fetchall()
    connection.close()
    return [text for (text,) in rows]


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
def test_nothing_that_was_answered_is_missing(
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
    site: Embedded,
    tmp_path: Path,
) -> None:
    # A browser of its own, as all tabs of it are killed.
    with (
        browser_type.launch(**browser_type_launch_args) as browser,
        opener(Warm(browser), site.url) as open_page,
    ):
        kill_and_look(browser, open_page, site, tmp_path / "messages.db")


def kill_and_look(browser: Browser, open_page: Open, site: Embedded, database: Path) -> None:
    answered: list[str] = []

    def take(text: str) -> None:
        answered.append(text)

    until = time.monotonic() + SECONDS
    round_ = kills = 0
    while kills < KILLS or time.monotonic() < until:
        page = open_page(before=lambda page: page.expose_function("answered", take)).page
        page.evaluate(WRITE, round_)
        more = random.randint(1, SOME)
        page.wait_for_function(f"window.written >= {more}")
        if round_ % 2:
            site.kill()
            site.start()
            kills += 1
            page.wait_for_function(f"window.written >= {more + SOME}")
        kill_tabs(browser)
        page.close()
        kills += 1
        round_ += 1
        found = stored(database)
        assert not set(answered) - set(found), "an answered item is lost"
        assert len(found) == len(set(found)), "an item is there twice"
    assert answered
