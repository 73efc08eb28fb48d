"""Finds the behaviours for pytest, and runs each on this Python or in a page."""

import asyncio
import inspect
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import pytest
from playwright.sync_api import Page, TimeoutError

from tests.behaviours.context import run
from tests.support.control import Control
from tests.support.in_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.pages import Warm
from tests.support.proxy import TcpProxy

HERE = Path(__file__).parent
MODULES = (
    "connecting",
    "requesting",
    "subscribing",
    "recovering",
    "living",
    "signing_in",
    "over_the_socket",
    "over_http",
)
pytest.register_assert_rewrite(*(f"tests.behaviours.{module}" for module in MODULES))


@dataclass(frozen=True)
class Place:
    """What :class:`tests.behaviours.context.Context` is made from; see there."""

    url: str
    direct: str
    strict: str
    public: str
    token: str
    email: str
    password: str
    control: str
    unknown_collection: str = "FORBIDDEN"


@contextmanager
def disturbed(port: int) -> Iterator[tuple[str, str]]:
    """Yield the address of a proxy for a server, and that of the proxy's control."""
    with closing(TcpProxy(port)) as proxy, closing(Control(proxy)) as control:
        yield proxy.url, control.url


def names() -> list[str]:
    """Return the names of all behaviours, as MODULE.FUNCTION."""
    return [
        f"{module}.{name}"
        for module in MODULES
        for name, found in vars(import_module(f"tests.behaviours.{module}")).items()
        if inspect.iscoroutinefunction(found) and found.__module__.endswith(f".{module}")
        if not name.startswith("_")
    ]


def run_here(name: str, place: Place) -> None:
    """Run a behaviour on this Python."""
    module, _, function = name.partition(".")
    behaviour = getattr(import_module(f"tests.behaviours.{module}"), function)
    asyncio.run(run(behaviour, asdict(place)))


class Pyodide:
    """A page with the SDK in it, where behaviours run one after the other."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def run(self, name: str, place: Place) -> None:
        """Run a behaviour in the page."""
        told = self._page.evaluate(
            "async ([name, place]) => await behave(name, place)", [name, json.dumps(asdict(place))]
        )
        if told:
            pytest.fail(told, pytrace=False)


@contextmanager
def pyodide(warm: Warm, address: str) -> Iterator[Pyodide]:
    """Open the page at an address, disconnect its client, and load the behaviours into it."""
    with warm.page() as page:
        observed = ObservedPage(page, {"log": False})
        page.goto(address)
        observed.wait_for_state("open")
        # Else its program is disconnected while it begins, and says so.
        observed.wait_for_subscription()
        page.evaluate("directus.disconnect()")
        paths = [HERE.parent / "__init__.py", *HERE.glob("*.py")]
        sources = {str(path.relative_to(HERE.parent.parent)): path.read_text() for path in paths}
        page.evaluate(RUN_PYTHON, _BRING_IN.format(sources=sources))
        with suppress(TimeoutError):
            page.wait_for_function("Boolean(window.behave)")
        assert observed.problems == [], observed.problems
        yield Pyodide(page)


_BRING_IN = """
import importlib
from pathlib import Path

for name, text in {sources!r}.items():
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)
importlib.invalidate_caches()
importlib.import_module("tests.behaviours.inside")
"""
