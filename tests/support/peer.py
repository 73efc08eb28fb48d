"""The peer: the guide's page with the JS SDK, bundled into one file."""

import shutil

from playwright.sync_api import Page

from benchmarks.common.contestants import bundled
from benchmarks.common.set_up import PEER, PeerTask
from tests.support.embedded import ROOT
from tests.support.observed_page import ObservedPage
from tools.steps import Steps

_SOURCE = ROOT / "tests" / "peer"
_HTML = '<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>'


def install() -> None:
    """Put our scripts beside the JS SDK in PEER, which is installed unless it is there."""
    task = PeerTask()
    if not task.is_current():
        task.install(Steps(1, PEER))
    for name in ("page.js", "frames.mjs", "chat.mjs"):
        shutil.copy(_SOURCE / name, PEER)


def bundle() -> str:
    """Install the JS SDK, and return the page's script."""
    install()
    return bundled(PEER / "page.js").decode()


def open_peer(page: Page, script: str, directus: str, token: str) -> ObservedPage:
    """Open the peer's page on the origin of a Directus, as if that served it."""
    address = f"{directus}/peer/"
    page.route(address + "*", lambda route: route.fulfill(content_type="text/html", body=_HTML))
    page.route(
        address + "page.js",
        lambda route: route.fulfill(content_type="text/javascript", body=script),
    )
    watched = ObservedPage(page, {})
    page.goto(f"{address}?token={token}")
    watched.wait_for_lines(6)
    return watched
