"""Two tabs with one `local_storage()`: neither takes the login from the other.

A refresh token is good for one use. With Web Locks the second tab waits for the first; without
them, as on an insecure origin, its refusal comes before the first has the answer.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Request, Route, WebSocketRoute

from tests.support.in_page import RUN_PYTHON
from tests.support.observed_page import ObservedPage
from tests.support.pages import Warm
from tests.support.project import Project, embedded


class Tab(ObservedPage):
    """A page whose client rests. While it ``holds``, what Directus answers waits in ``held``."""

    def __init__(self, page: Page, address: str) -> None:
        super().__init__(page, {"log": False})
        self.holds = False
        self.held: list[Callable[[], None]] = []
        page.route("**/auth/refresh", self._route)
        page.route_web_socket("**/websocket", self._route_socket)
        page.goto(address)
        self.wait_for_state("open")
        page.evaluate("directus.disconnect()")

    def run(self, code: str) -> None:
        """Begin to run Python."""
        self.page.evaluate(RUN_PYTHON, code)

    def wait_held(self) -> None:
        """Wait until an answer waits."""
        for _ in range(1000):
            if self.held:
                return
            self.page.evaluate("new Promise((go) => setTimeout(go, 10))")
        raise AssertionError("nothing was answered")

    def let_go(self) -> None:
        """Let the answers come."""
        self.holds = False
        while self.held:
            self.held.pop(0)()

    def _route(self, route: Route) -> None:
        answer = route.fetch()
        self._pass_on(lambda: route.fulfill(response=answer))

    def _route_socket(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda text: self._pass_on(lambda: socket.send(text)))

    def _pass_on(self, answer: Callable[[], None]) -> None:
        if self.holds:
            self.held.append(answer)
        else:
            answer()


Tabs = tuple[Tab, Tab]

TAKE_LOCKS = """() => {
  window.locksOfAll = Object.getOwnPropertyDescriptor(Navigator.prototype, "locks");
  delete Navigator.prototype.locks;
}"""
GIVE_LOCKS = "Object.defineProperty(Navigator.prototype, 'locks', locksOfAll)"
WAITS = "navigator.locks.query().then(({ pending }) => pending.length === 1)"

LOG_IN = """
from js import location
from directus_realtime import authentication, create_directus, credentials, local_storage, realtime

project = create_directus(location.origin)
login = project.with_(authentication(storage=local_storage("test"), auto_refresh=False))
print("has locks", hasattr(local_storage("test"), "lock"))
"""
REFRESH = """
try:
    print((await login.refresh())["refresh_token"])
except Exception as error:
    print("failed", error)
"""
CONNECT = """
directus = project.with_(credentials(storage=local_storage("test"), refresh_token="none"))
directus = directus.with_(realtime())
try:
    await directus.connect()
    print(directus.state)
except Exception as error:
    print("failed", error)
"""
REMEMBERED = "JSON.parse(localStorage.test).refresh_token"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with embedded(tmp_path_factory.mktemp("project")) as server:
        yield Project(server.url)


@pytest.fixture(scope="module")
def opened(warm: Warm, project: Project) -> Iterator[Tabs]:
    """Two tabs that have the same storage."""
    with warm.page() as first, warm.page() as second:
        yield Tab(first, project.url), Tab(second, project.url)


@pytest.fixture(params=[True, False], ids=["with locks", "without"])
def has_locks(opened: Tabs, request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the tabs have Web Locks; where not, they are taken for as long as the test takes."""
    without = [] if request.param else [tab.page for tab in opened]
    for page in without:
        page.evaluate(TAKE_LOCKS)
    yield request.param
    for page in without:
        page.evaluate(GIVE_LOCKS)


@pytest.fixture
def tabs(opened: Tabs, project: Project, has_locks: bool) -> Iterator[Tabs]:
    """The two tabs, the first of which has logged in."""
    first = opened[0]
    for tab in opened:
        tab.run(LOG_IN)
        assert tab.wait_for_lines(1) == [f"has locks {has_locks}"]
        tab.clear_lines()
    first.run(f"await login.login({project.email!r}, {project.password!r}); print('in')")
    assert first.wait_for_lines(1) == ["in"]
    first.clear_lines()
    yield opened
    for tab in opened:
        tab.clear_lines()
        tab.run("directus.disconnect(); print('out')")
        assert tab.wait_for_lines(1) == ["out"]
        tab.clear_lines()
    first.page.evaluate("localStorage.clear()")


def test_two_tabs_do_the_same_at_the_same_time(tabs: Tabs, has_locks: bool) -> None:
    refresh_at_the_same_time(*tabs, has_locks)
    for tab in tabs:
        tab.clear_lines()
    sign_in_at_the_same_time(*tabs, has_locks)


def refresh_at_the_same_time(first: Tab, second: Tab, has_locks: bool) -> None:
    """Both stay logged in."""
    first.holds = True
    first.run(REFRESH)
    first.wait_held()
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    second.page.on("request", note)
    if has_locks:
        second.run(REFRESH)
        second.page.wait_for_function(WAITS)
    else:
        with second.page.expect_response("**/auth/refresh") as refused:
            second.run(REFRESH)
        assert refused.value.status == 401
    first.let_go()
    (token,) = first.wait_for_lines(1)
    assert second.wait_for_lines(1) == [token]
    assert second.page.evaluate(REMEMBERED) == token
    assert len(asked) == (0 if has_locks else 1)
    second.page.remove_listener("request", note)


def sign_in_at_the_same_time(first: Tab, second: Tab, has_locks: bool) -> None:
    """Both are connected."""
    first.holds = second.holds = True
    first.run(CONNECT)
    first.wait_held()
    second.run(CONNECT)
    if has_locks:
        second.page.wait_for_function(WAITS)
    else:
        second.wait_held()
    second.let_go()
    first.let_go()
    assert first.wait_for_lines(1) == ["open"]
    assert second.wait_for_lines(1) == ["open"]
    assert first.page.evaluate(REMEMBERED)
