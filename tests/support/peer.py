"""The peer: the guide's page with the JS SDK, bundled into one file."""

import shutil
import subprocess
import sysconfig
from pathlib import Path

from playwright.sync_api import Page

from tests.support.embedded import ROOT
from tests.support.observed_page import ObservedPage
from tools import npm

_SOURCE = ROOT / "tests" / "peer"
_HTML = '<!doctype html><meta charset="utf-8"><script type="module" src="page.js"></script>'


_PACKAGES = Path(sysconfig.get_paths()["purelib"])


def install(folder: Path) -> None:
    """Put our scripts into ``folder``, and the JS SDK unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", "page.js", "frames.mjs"):
        shutil.copy(_SOURCE / name, folder)
    if not (folder / "node_modules" / "esbuild").exists():
        subprocess.run([*npm.clean_install(_PACKAGES), "--ignore-scripts"], cwd=folder, check=True)


def bundle(folder: Path) -> str:
    """Install the JS SDK in ``folder``, and return the page's script."""
    install(folder)
    esbuild = [npm.node(_PACKAGES), "node_modules/esbuild/bin/esbuild", "page.js"]
    built = subprocess.run(
        [*esbuild, "--bundle", "--format=esm", "--target=es2022"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return built.stdout.decode()


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
