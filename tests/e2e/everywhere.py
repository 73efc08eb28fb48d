"""What matters of the page in every engine: behaviours of one loaded page, in this order.

They use nothing of an engine but its ``Tab``, so that Chromium, Firefox and WebKit run the same.
"""

import json
from collections.abc import Callable
from typing import Any

from benchmarks.engines import Tab
from tests.support import plain_http
from tests.support.embedded import TOKEN, Embedded

_WATCH = """
  if (!self.lines) {
    self.lines = [];
    self.problems = [];
    const { log, error } = console;
    console.log = (...values) => { lines.push(...values); log(...values); };
    console.error = (...values) => { problems.push(String(values[0])); error(...values); };
    addEventListener("error", ({ message }) => problems.push(message));
    addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));
  }
  const at = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
  const texts = () => all("#messages li span");
  const write = (text) => {
    at("#text").value = text;
    at("#composer").requestSubmit();
  };
  const discard = async () => {
    await until(() => at("#waiting [data-outcome=refused]"));
    at("#waiting [data-action=discard]").click();
    await until(() => !at("#waiting li"));
  };
  const leavingAsks = () => !dispatchEvent(new Event("beforeunload", { cancelable: true }));
  const until = (isSo) => new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`It never came to ${isSo}`)), 40_000);
    const observer = new MutationObserver(look);
    function look() {
      if (!isSo()) return;
      clearTimeout(late);
      observer.disconnect();
      resolve();
    }
    const every = { subtree: true, childList: true, attributes: true, characterData: true };
    observer.observe(document, every);
    look();
  });
"""


class Visit:
    """The page in one engine, its server, and somebody else who creates messages.

    Args:
        tab: the engine's tab.
        server: what serves the page. It refuses a text that it has already.
    """

    def __init__(self, tab: Tab, server: Embedded) -> None:
        self.server = server
        self._tab = tab
        tab.open(server.url)

    def do(self, steps: str) -> Any:
        """Return what some lines of JavaScript return; they have the helpers above."""
        answer = self._tab.evaluate(
            f"""async () => {{
              {_WATCH}
              try {{
                return {{ value: await (async () => {{ {steps} }})() }};
              }} catch (error) {{
                return {{ error: String(error) }};
              }}
            }}"""
        )
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def somebody_creates(self, text: str) -> None:
        """Create a message over HTTP."""
        plain_http.post(
            f"{self.server.url}/items/messages",
            json={"text": text, "user": "Rijk"},
            headers={"Authorization": f"Bearer {TOKEN}"},
        ).raise_for_status()


def it_connects_and_says_live(visit: Visit) -> None:
    shown = visit.do("""
      await until(() => ["live", "stale"].includes(at("#status").dataset.fresh));
      const { state, fresh } = at("#status").dataset;
      return [state, fresh, at("#status").textContent, at("#error").hidden];
    """)
    assert shown == ["open", "live", "Live", True]


def it_starts_from_its_snapshot(visit: Visit) -> None:
    fetched = visit.do("return performance.getEntriesByType('resource').map(({ name }) => name)")
    assert any("/runtime/start/" in name for name in fetched)
    assert not any(name.endswith(("/python_stdlib.zip", "/app/console.py")) for name in fetched)


def its_marks_are_set_in_order(visit: Visit) -> None:
    marks = visit.do("return performance.getEntriesByType('mark').map(({ name }) => name)")
    ours = [name for name in marks if name.startswith(("python:", "realtime:"))]
    assert ours == ["python:ready", "realtime:open", "realtime:subscribed"]


def create_item_gives_the_item_and_the_console_the_guides_lines(visit: Visit) -> None:
    item, lines = visit.do("""
      lines.length = 0;
      const item = await createItem("Hello World!", "Ben");
      await until(() => texts().includes("Hello World!"));
      return [item, lines];
    """)
    row = {"user": "Ben", "text": "Hello World!"}
    assert row.items() <= item.items()
    assert lines == [
        "New message of type subscription",
        [row],
        {"type": "subscription", "event": "create", "data": [row], "uid": "1"},
        "New message of type items",
        item,
    ]


def a_missing_argument_is_left_out(visit: Visit) -> None:
    item = visit.do("return await createItem('only text')")
    assert (item["text"], item["user"]) == ("only text", None)


def the_form_sends_and_keeps_the_name(visit: Visit) -> None:
    shown = visit.do("""
      at("#user").value = "Kevin";
      write("from the form");
      const left = [at("#text").value, at("#user").value];
      await until(() => texts()[0] === "from the form");
      return [...left, at("#messages li b").textContent];
    """)
    assert shown == ["", "Kevin", "Kevin"]


def text_from_the_wire_is_only_text(visit: Visit) -> None:
    markup = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
    found = visit.do(f"""
      const markup = {json.dumps(markup)};
      await createItem(markup, "Ben");
      await until(() => texts()[0] === markup);
      return [document.title, document.querySelectorAll("#messages img, #messages span b").length];
    """)
    assert "owned" not in found[0]
    assert found[1] == 0


def what_somebody_else_creates_is_shown_and_counted(visit: Visit) -> None:
    count = visit.do("return Number(at('#count').textContent)")
    visit.somebody_creates("from somebody else")
    visit.do("await until(() => texts()[0] === 'from somebody else')")
    assert visit.do("return Number(at('#count').textContent)") == count + 1


def a_failure_is_javascripts_error_with_a_sentence_and_a_code(visit: Visit) -> None:
    told = visit.do("""
      const error = await createItem("Hello World!", "Ben").catch((error) => error);
      await discard();
      return [error instanceof Error, error.code, error.message, error.stack];
    """)
    assert told[:2] == [True, "RECORD_NOT_UNIQUE"]
    assert told[2]
    assert "Traceback" not in told[3]


def a_refused_message_gives_its_text_back(visit: Visit) -> None:
    told, text, left = visit.do("""
      write("Hello World!");
      await until(() => at("#waiting li[data-outcome=refused]"));
      const told = at("#waiting em").textContent;
      const text = at("#text").value;
      await discard();
      return [told, text, leavingAsks()];
    """)
    assert told.startswith("refused: ")
    assert text == "Hello World!"
    assert not left


def leaving_asks_only_while_a_message_is_unanswered(visit: Visit) -> None:
    asks = visit.do("""
      const created = createItem("on its way", "Ben");
      const during = leavingAsks();
      await created;
      return [during, leavingAsks()];
    """)
    assert asks == [True, False]


def the_guides_lines_can_be_typed(visit: Visit) -> None:
    items, types = visit.do("""
      const types = [];
      const remove = directus.onWebSocket("message", function (message) {
        types.push(message.type);
      });
      const { subscription } = await directus.subscribe("messages", {
        event: "create",
        query: { fields: ["user", "text"] },
      });
      directus.sendMessage({
        type: "items",
        collection: "messages",
        action: "create",
        data: { text: "Hello Universe!", user: "Rijk" },
      });
      const items = [];
      for await (const item of subscription) {
        items.push(item);
        if (items.length === 2) break;
      }
      remove();
      return [items, types];
    """)
    assert [item["event"] for item in items] == ["init", "create"]
    assert items[1]["data"] == [{"user": "Rijk", "text": "Hello Universe!"}]
    assert "subscription" in types


def the_functions_print_as_functions(visit: Visit) -> None:
    kinds = visit.do("""
      const functions = Object.values({ createItem, ...directus });
      return functions.map((each) => [typeof each, String(each).includes("=>")]);
    """)
    assert len(kinds) > 12
    assert all(kind == ["function", True] for kind in kinds)


def what_was_missed_is_shown_once(visit: Visit) -> None:
    visit.do("directus.offline(); await until(() => at('#status').textContent === 'Reconnecting')")
    visit.somebody_creates("meanwhile")
    seen = visit.do("""
      directus.online();
      await until(() => texts().includes("meanwhile") && at("#status").textContent === "Live");
      return texts().filter((text) => text === "meanwhile").length;
    """)
    assert seen == 1


def in_an_outage_it_says_so_and_what_is_written_waits(visit: Visit) -> None:
    visit.server.kill()
    shown = visit.do("""
      await until(() => at("#status").dataset.state === "reconnecting");
      write("one");
      write("two");
      await until(() => all("#waiting li span").length === 2);
      await until(() => !at("#error").hidden);
      return [all("#waiting li span"), all("#waiting em"), leavingAsks(), texts().includes("one")];
    """)
    assert shown == [["two", "one"], ["waiting", "waiting"], True, False]


def it_comes_back_and_sends_what_waited(visit: Visit) -> None:
    visit.server.start()
    shown = visit.do("""
      await until(() => texts().includes("two") && !at("#waiting li"));
      await until(() => at("#status").textContent === "Live");
      return [texts().slice(0, 2), at("#error").hidden, leavingAsks()];
    """)
    assert shown == [["two", "one"], True, False]


def many_at_once_are_all_counted_and_500_are_kept(visit: Visit) -> None:
    rows = visit.do(f"""
      const before = Number(at("#count").textContent);
      const rows = Array.from({{ length: 510 }}, (_, n) => ({{ text: `n ${{n}}`, user: "Ben" }}));
      const headers = {{ "Content-Type": "application/json", Authorization: "Bearer {TOKEN}" }};
      await fetch("/items/messages", {{ method: "POST", headers, body: JSON.stringify(rows) }});
      await until(() => Number(at("#count").textContent) === before + 510);
      await until(() => texts()[0] === "n 509");
      return texts().length;
    """)
    assert rows == 500


def it_disconnects_and_connects(visit: Visit) -> None:
    state = visit.do("""
      directus.disconnect();
      await until(() => at("#status").textContent === "Disconnected");
      at("#action").click();
      await until(() => at("#status").textContent === "Live");
      return directus.state();
    """)
    assert state == "open"


def nothing_was_reported_as_an_error(visit: Visit) -> None:
    assert visit.do("return problems") == []


BEHAVIOURS: tuple[Callable[[Visit], None], ...] = (
    it_connects_and_says_live,
    it_starts_from_its_snapshot,
    its_marks_are_set_in_order,
    create_item_gives_the_item_and_the_console_the_guides_lines,
    a_missing_argument_is_left_out,
    the_form_sends_and_keeps_the_name,
    text_from_the_wire_is_only_text,
    what_somebody_else_creates_is_shown_and_counted,
    a_failure_is_javascripts_error_with_a_sentence_and_a_code,
    a_refused_message_gives_its_text_back,
    leaving_asks_only_while_a_message_is_unanswered,
    the_guides_lines_can_be_typed,
    the_functions_print_as_functions,
    what_was_missed_is_shown_once,
    in_an_outage_it_says_so_and_what_is_written_waits,
    it_comes_back_and_sends_what_waited,
    many_at_once_are_all_counted_and_500_are_kept,
    it_disconnects_and_connects,
    nothing_was_reported_as_an_error,
)
