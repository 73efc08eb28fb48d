"""Make the pictures in docs/pictures: each state of the page, light and wide, dark and narrow.

``python3 -m tests.support.pictures`` writes them; CHROMIUM names the browser. Look at them then.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.embedded import ROOT, TOKEN, Embedded, with_project
from tests.support.observed_page import ObservedPage

FOLDER = ROOT / "docs" / "pictures"
LOOKS = {"light": (1100, 720), "dark": (320, 640)}
"""The colour scheme, with the width and height of the window in pixels."""

READERS = f"""
[collections.messages.fields]
id = {{ type = "integer", primary = true }}
date_created = {{ type = "timestamp", special = "date-created" }}
text = {{ type = "text" }}
user = {{ type = "string" }}

[policies.Readers]
permissions = [{{ collection = "messages", action = "read" }}]

[[users]]
email = "reader@example.com"
token = "{TOKEN}"
policies = ["Readers"]
"""

SPOKEN = (("Ben", "Hello World!"), ("Rijk", "Hello Universe!"), ("Kevin", "Hello everyone!"))


class Scene:
    """A page in front of a server, as a state needs it."""

    def __init__(self, page: Page, server: Embedded) -> None:
        self.page = page
        self.server = server

    def open(self, state: str, **settings: object) -> None:
        """Open the page and wait for a state of its connection."""
        ObservedPage(self.page, settings)
        self.page.goto(self.server.url, wait_until="commit")
        self.page.wait_for_selector(f"#status[data-state={state}]", timeout=60_000)

    def open_live(self) -> None:
        """Open the page and wait until it shows all there is."""
        self.open("open")
        self.page.wait_for_selector("#status[data-fresh=live]")

    def speak(self) -> None:
        """Create a few messages, and wait until they are shown."""
        for user, text in SPOKEN:
            self.page.evaluate("([text, user]) => createItem(text, user)", [text, user])
        self.page.locator("#messages li span", has_text=SPOKEN[-1][1]).wait_for()

    def write(self, text: str) -> None:
        """Send a message by the form."""
        self.page.fill("#text", text)
        self.page.keyboard.press("Enter")


def loading(scene: Scene) -> None:
    """Python is on its way."""
    scene.page.route("**/*.wasm*", lambda _: None)  # is never answered
    scene.open("loading")


def empty(scene: Scene) -> None:
    """There are no messages yet."""
    scene.open_live()


def live(scene: Scene) -> None:
    """Messages are there, and come."""
    scene.open_live()
    scene.speak()


def reconnecting(scene: Scene) -> None:
    """The server is away, and a message waits."""
    live(scene)
    scene.server.kill()
    scene.page.wait_for_selector("#status[data-state=reconnecting]")
    scene.write("Is anybody there?")
    scene.page.wait_for_selector("#waiting li")


def refused(scene: Scene) -> None:
    """Directus has refused a message."""
    scene.open_live()
    scene.write("May I?")
    scene.page.wait_for_selector("#waiting li[data-outcome=refused]")


def disconnected(scene: Scene) -> None:
    """The person has disconnected."""
    live(scene)
    scene.page.evaluate("directus.disconnect()")
    scene.page.wait_for_selector("#status[data-state=closed]")


def failed(scene: Scene) -> None:
    """The token is no token of this Directus."""
    scene.open("failed", token="a_wrong_token")
    scene.page.wait_for_selector("#error:not([hidden])")


def broken(scene: Scene) -> None:
    """The program has an error."""
    scene.page.route(
        "**/app/main.py*", lambda route: route.fulfill(body="import directus_realtimes\n")
    )
    scene.open("failed")
    scene.page.wait_for_selector("#error:not([hidden]), #fault:not([hidden])")


STATES: dict[Callable[[Scene], None], Callable[[Path], Embedded]] = {
    **dict.fromkeys((loading, empty, live, reconnecting, disconnected, failed, broken), Embedded),
    refused: lambda folder: with_project(folder, READERS),
}
"""How the page gets into each state, with the server that it needs."""


def main() -> None:
    """Make them all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM")
        with playwright.chromium.launch(executable_path=path, args=["--no-sandbox"]) as browser:
            for state, server_in in STATES.items():
                for look in LOOKS:
                    with scene(browser, look, server_in) as made:
                        state(made)
                        made.page.screenshot(path=FOLDER / f"{state.__name__}-{look}.png")
                print(state.__name__, flush=True)


@contextmanager
def scene(browser: Browser, look: str, server_in: Callable[[Path], Embedded]) -> Iterator[Scene]:
    """Yield a page of a look, in front of a server with an empty database."""
    width, height = LOOKS[look]
    with (
        tempfile.TemporaryDirectory() as folder,
        server_in(Path(folder)) as server,
        browser.new_context(
            color_scheme="dark" if look == "dark" else "light",
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
        ) as context,
    ):
        yield Scene(context.new_page(), server)


if __name__ == "__main__":
    main()
