"""The page as a participant of a run: it creates items by ``createItem``, and shows all."""

from collections.abc import Iterable
from contextlib import suppress

from playwright.sync_api import Page, TimeoutError

from tests.history.client import AT_ONCE, outcome
from tests.history.events import (
    Acknowledged,
    Delivered,
    Invoked,
    Subscribed,
    Written,
)
from tests.history.recorder import PATIENCE, Recorder, create_in
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open

HAS_COUNTED = "(n) => Number(document.getElementById('count').textContent) >= n"
SCRIPT = """addEventListener("DOMContentLoaded", () => {
  const told = [], waiting = [];
  let free = AT_ONCE, unsettled = 0;
  const now = () => (performance.timeOrigin + performance.now()) / 1000;
  const tell = (kind, ...values) => told.push([kind, now(), ...values]);
  const next = () => {
    while (free && waiting.length) {
      const text = waiting.shift();
      free--;
      createItem(text, "page")
        .then((item) => tell("acknowledged", text, item.id),
              (error) => tell("failed", text, String(error.code)))
        .finally(() => { free++; unsettled--; next(); });
    }
  };
  window.told = { take: () => told.splice(0), unsettled: () => unsettled };
  window.begin = (texts) => {
    for (const text of texts) { tell("invoked", text); unsettled++; waiting.push(text); }
    next();
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const row of [...addedNodes].reverse())  // the newest of a drawing is first
        tell("delivered", row.querySelector("span").textContent);
  }).observe(document.getElementById("messages"), { childList: true });
  // A network that comes back is told at once, and the page need not wait for its next attempt.
  const status = document.getElementById("status");
  new MutationObserver(() => {
    if (status.dataset.state === "reconnecting")
      setTimeout(() => dispatchEvent(new Event("online")), 100);
  }).observe(status, { attributes: true });
})""".replace("AT_ONCE", str(AT_ONCE))


class PageParticipant:
    """A page, opened without a history of messages to show.

    Attributes:
        name: its name as a subscriber.

    Args:
        open_page: opens the page.
        recorder: is told all that happens.
        settings: stand in for those of pyscript.toml.
    """

    name = "page"

    def __init__(self, open_page: Open, recorder: Recorder, **settings: object) -> None:
        self._recorder = recorder
        self._observed: ObservedPage = open_page(
            before=lambda page: page.add_init_script(SCRIPT), settings={"log": False, **settings}
        )
        self._page: Page = self._observed.page
        self._page.set_default_timeout(PATIENCE * 1000)
        self._observed.sent.clear()
        recorder.record(Subscribed(self.name))

    def begin(self, creates: Iterable[str]) -> None:
        """Begin to create items."""
        self._page.evaluate("(texts) => begin(texts)", list(creates))

    def wait_settled(self) -> None:
        """Wait until all that was begun has an outcome."""
        self._page.wait_for_function("told.unsettled() === 0")
        self._take()

    def wait_back(self) -> None:
        """Wait until the connection is open."""
        self._page.wait_for_function("directus.state() === 'open'")

    def wait_delivered(self, count: int) -> None:
        """Wait until so many rows were shown; the checker says what it lacks in the end."""
        with suppress(TimeoutError):
            self._page.wait_for_function(HAS_COUNTED, arg=count)
        self._take()

    def _take(self) -> None:
        """Record what has happened since the last time."""
        for kind, at, text, *values in self._page.evaluate("told.take()"):
            match kind:
                case "invoked":
                    self._recorder.record(Invoked(text), at)
                case "acknowledged":
                    self._recorder.record(Acknowledged(text, values[0]), at)
                case "failed":
                    self._recorder.record(outcome(text, values[0]), at)
                case "delivered":
                    self._recorder.record(Delivered(self.name, text), at)
        for frame in self._observed.sent:
            create = create_in(frame)
            if create is not None:
                self._recorder.record(Written(create))
        self._observed.sent.clear()
