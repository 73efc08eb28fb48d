"""The browser's transports; what is the same everywhere is in `tests/app/test_transports.py`."""

import pytest

from tests.support.in_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.odd_server import OddServer, answer
from tests.support.pages import Open
from tests.support.silent import Silent


@pytest.fixture(scope="module")
def opened(open_lasting: Open) -> ObservedPage:
    """The page, for tests that leave it as it was."""
    return open_lasting(settings={"log": False})


@pytest.fixture
def page(opened: ObservedPage) -> ObservedPage:
    """That page, without the lines and the problems of other tests."""
    opened.begin_anew()
    return opened


ASK = """
import asyncio
from js import window
from pyodide.ffi import create_once_callable
from directus_realtime.transports.platform import transports

asking = asyncio.ensure_future(transports().fetch("{url}", timeout={timeout}))
window.cancel = create_once_callable(lambda: asking.cancel())
try:
    await asking
except (asyncio.CancelledError, TimeoutError) as error:
    print(type(error).__name__)
"""


def test_a_cancelled_wait_closes_its_connection(page: ObservedPage) -> None:
    with Silent() as silent:
        page.page.evaluate(RUN_PYTHON, ASK.format(url=silent.url, timeout=30))
        assert silent.wait_asked()
        page.page.evaluate("cancel()")
        assert page.wait_for_lines(1) == ["CancelledError"]
        assert silent.wait_left(2.0)
    assert page.problems == []


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"])
def test_a_wait_that_took_too_long_closes_its_connection(page: ObservedPage, begun: bytes) -> None:
    with Silent(begun) as silent:
        # Within that time the request is sent, on a busy machine too.
        page.page.evaluate(RUN_PYTHON, ASK.format(url=silent.url, timeout=1))
        assert page.wait_for_lines(1) == ["TimeoutError"]
        assert silent.wait_left(2.0)
    assert page.problems == []


DIAGNOSE = """
from directus_realtime import ConnectionFailed, authentication, create_directus

try:
    await create_directus("{url}").with_(authentication()).login("ben@example.com", "secret")
except ConnectionFailed as error:
    print(error)
"""


def test_a_login_is_not_sent_to_where_a_redirect_leads(page: ObservedPage) -> None:
    allowed = {"Access_Control_Allow_Origin": "*", "Access_Control_Allow_Headers": "*"}
    with OddServer(answer("200 OK", "elsewhere", **allowed)) as other:
        moved = answer("307 Moved", Location=f"{other.url}/auth/login", **allowed)
        with Redirecting(moved, answer("204 No Content", **allowed)) as odd:
            page.page.evaluate(RUN_PYTHON, DIAGNOSE.format(url=odd.url))
            (said,) = page.wait_for_lines(1)
        assert said == f"{odd.url} redirects to another address: use {other.url}."
        assert not any("secret" in request for request in other.requests)


class Redirecting(OddServer):
    """Redirects every request but a preflight, which it allows."""

    def __init__(self, moved: bytes, preflight: bytes) -> None:
        super().__init__(moved)
        self._preflight = preflight

    def answer_to(self, request: str) -> bytes | None:
        return self._preflight if request.startswith("OPTIONS") else super().answer_to(request)


FULL = '''
from js import window
from pyodide.code import run_js
from directus_realtime import authentication, create_directus, local_storage

run_js("""
  window.kept = [Storage.prototype.getItem, Storage.prototype.setItem];
  Storage.prototype.getItem = Storage.prototype.setItem = () => {{
    throw new DOMException("{name} happened", "{name}");
  }}
""")
login = create_directus(window.location.origin).with_(
    authentication(storage=local_storage("login"), auto_refresh=False)
)
try:
    login.tokens._storage._storage.set({{}})
except Exception as error:
    said = f"{{type(error).__name__}} {{error}}"
try:
    await login.set_token("kept")
    window.console.log(f"{{said}} {{await login.get_token()}}")
finally:
    run_js("[Storage.prototype.getItem, Storage.prototype.setItem] = window.kept")
'''


@pytest.mark.parametrize("name", ["QuotaExceededError", "SecurityError"])
def test_a_login_outlives_a_full_or_refused_local_storage(page: ObservedPage, name: str) -> None:
    page.page.evaluate(RUN_PYTHON, FULL.format(name=name))
    (said,) = page.wait_for_lines(1)
    assert said.startswith("DirectusError The browser's localStorage cannot be written")
    assert f"{name} happened" in said
    assert said.endswith(" kept")


WITHOUT_PYODIDE_HTTP = """
import sys
from js import location
from directus_realtime import UsageError, create_directus, rest, server_ping

kept = sys.modules.get("pyodide_http")
sys.modules["pyodide_http"] = None
try:
    await create_directus(location.origin).with_(rest()).request(server_ping())
except UsageError as error:
    print(error)
finally:
    sys.modules["pyodide_http"] = kept
    if kept is None:
        del sys.modules["pyodide_http"]
"""


def test_without_pyodide_http_a_request_says_at_once_what_to_install(page: ObservedPage) -> None:
    page.page.evaluate(RUN_PYTHON, WITHOUT_PYODIDE_HTTP)
    (said,) = page.wait_for_lines(1)
    assert "rest() in a browser needs the package pyodide-http" in said
    assert 'packages = ["pyodide-http"]' in said


FROM_ANOTHER_ORIGIN = """
from directus_realtime import ConnectionFailed, create_directus, rest, server_ping

try:
    await create_directus("{url}").with_(rest()).request(server_ping())
except ConnectionFailed as error:
    print(error)
"""


def test_a_request_that_the_origin_forbids_says_so(page: ObservedPage, lasting_port: int) -> None:
    elsewhere = f"http://localhost:{lasting_port}"
    page.page.evaluate(RUN_PYTHON, FROM_ANOTHER_ORIGIN.format(url=elsewhere))
    (said,) = page.wait_for_lines(1)
    assert "does not let this page in: set CORS_ENABLED=true" in said
