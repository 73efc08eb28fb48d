"""A page under observation: its console, its frames and its problems."""

import json
import re
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, Response, Route, WebSocket

UNDEFINED = "undefined (no value)"
"""Stands for JavaScript's undefined among console lines."""

FOLLOWS = """() => directus.inspect().subscriptions.some(
  ({ event, state }) => event === "delete" && state === "live"
)"""


class ObservedPage:
    """One page.

    Attributes:
        page: Playwright's page.
        sent: the texts that the page wrote to sockets.
        problems: console errors and warnings, page errors, and answers of 400 and above; but not
            the browser's own advice on preloading.

    Args:
        page: a new page, not yet at any address.
        settings: stand in for those of pyscript.toml's ``[directus]``.
    """

    def __init__(self, page: Page, settings: dict[str, object]) -> None:
        self.page = page
        self._logged: list[ConsoleMessage] = []
        self.sent: list[str] = []
        self.problems: list[str] = []
        self._settings = settings
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("response", self._on_response)
        page.on("websocket", self._on_socket)
        if settings:
            page.route("**/pyscript.toml", self._answer_settings)

    def wait_for_state(self, state: str) -> None:
        """Wait until the page shows a state of its connection."""
        self.page.wait_for_selector(f"#status[data-state={state}]", timeout=60_000)

    def wait_for_subscription(self) -> None:
        """Wait until the page's subscription has begun for the first time."""
        self.page.wait_for_function("performance.getEntriesByName('realtime:subscribed').length")

    def wait_for_changes(self) -> None:
        """Wait until the page follows what others change and delete.

        It has then looked for rows that are shown and are no more, which a test may have made up.
        """
        self.page.wait_for_function(FOLLOWS)

    def begin_anew(self) -> None:
        """Connect if need be, and forget what was recorded: for a page that tests share."""
        self.page.evaluate("async () => await directus.connect()")
        self.page.wait_for_selector("#status[data-state=open][data-fresh=live]", timeout=60_000)
        self.wait_for_changes()  # by then the console has all its lines about the connection
        for recorded in (self._logged, self.sent, self.problems):
            recorded.clear()

    @property
    def count(self) -> int:
        """How many messages came while the page watched."""
        return int(self.page.inner_text("#count"))

    @property
    def lines(self) -> list[Any]:
        """What ``console.log`` printed; objects as they are."""
        return [_value(message) for message in self._logged]

    def wait_for_lines(self, count: int, timeout: float = 10_000) -> list[Any]:
        """Wait until the console has so many lines, each within ``timeout`` ms; return them."""
        while len(self._logged) < count:
            self.page.wait_for_event("console", timeout=timeout)
        return self.lines

    def clear_lines(self) -> None:
        """Forget the lines so far."""
        self._logged.clear()

    def texts(self) -> list[str]:
        """Return the texts of the messages shown, the newest first."""
        return self.page.locator("#messages li span").all_text_contents()

    def wait_for_text(self, text: str) -> None:
        """Wait until a message is shown."""
        self.page.locator("#messages li", has_text=text).first.wait_for()

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "log":
            self._logged.append(message)
        elif message.type in ("error", "warning") and "was preloaded using" not in message.text:
            self.problems.append(message.text)

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")

    def _on_socket(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: self.sent.append(str(payload)))

    def _answer_settings(self, route: Route) -> None:
        response = route.fetch()
        text = response.text()
        for name, value in self._settings.items():
            text, found = re.subn(
                rf"^{name} = \S+", f"{name} = {json.dumps(value)}", text, flags=re.MULTILINE
            )
            assert found == 1, f"pyscript.toml has no line for {name}"
        route.fulfill(response=response, body=text)


def gather_infos(page: Page, about: str = "") -> list[str]:
    """Return a list that grows by each ``console.info`` whose text contains ``about``."""
    texts: list[str] = []

    def gather(message: ConsoleMessage) -> None:
        if message.type == "info" and about in message.text:
            texts.append(message.text)

    page.on("console", gather)
    return texts


def _value(message: ConsoleMessage) -> Any:
    return UNDEFINED if message.text == "undefined" else message.args[0].json_value()
