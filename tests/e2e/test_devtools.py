"""What can be typed in the browser's devtools: `directus` by the guide's own names."""

import json
from typing import Any

from playwright.sync_api import Page

from tests.support.embedded import TOKEN
from tests.support.observed_page import ObservedPage
from tests.support.pages import Open

_SUBSCRIBE = """
const { subscription } = await directus.subscribe('messages', {
  event: 'create',
  query: { fields: ['user', 'text'] },
});
"""
GUIDE = f"""async () => {{
  const seen = [];
  const four = new Promise((resolve) => {{
    window.remove = directus.onWebSocket('message', function (message) {{
      if (seen.push(message) === 4) resolve();
    }});
  }});
  {_SUBSCRIBE}
  directus.sendMessage({{
    type: 'items',
    collection: 'messages',
    action: 'create',
    data: {{ text: 'Hello World!', user: 'Ben' }},
  }});
  const items = [];
  for await (const item of subscription) {{
    items.push(item);
    if (items.length === 2) break; // leaves it
  }}
  await four;
  remove(remove());
  await createItem('Hello Universe!', 'Rijk');
  const plain = [...items, ...seen].every((v) => Object.getPrototypeOf(v) === Object.prototype);
  return {{ items, types: seen.map(({{ type }}) => type), plain }};
}}"""
ITEMS = """async () => {
  const messages = directus.items('messages');
  const one = await messages.create({ text: 'one', user: 'Ben' });
  const query = { fields: ['text'] };
  const many = await messages.create([{ text: 'two' }, { text: 'three' }], { query });
  const read = await messages.read({ filter: { user: { _eq: 'Ben' } }, fields: ['text'] });
  const found = await messages.read(undefined, { id: one.id });
  // The guide's token may do neither of these.
  const updated = await messages.update({ text: 'four' }, { id: one.id }).catch((e) => e.code);
  const deleted = await messages.delete({ ids: [one.id] }).catch(({ code }) => code);
  return { one, many, read, found, refused: [updated, deleted] };
}"""
KINDS = """() => {
  const all = { createItem, ...directus };
  const bad = Object.entries(all).filter(([name, f]) =>
    typeof f !== 'function' || f.name !== name || String(f).includes('native code'));
  return bad.map(([name]) => name);
}"""
LEAVE = """async () => {
  const { subscription, unsubscribe } = await directus.subscribe('messages');
  await subscription.next();
  const pending = subscription.next();
  unsubscribe();
  const { done } = await pending;
  if (!done) throw new Error('it goes on');
  const callback = () => {};
  directus.onWebSocket('message', callback)();
  window.left = [subscription, unsubscribe, callback].map((value) => new WeakRef(value));
}"""
WRONG = {
    "directus.sendMessage(7)": "sendMessage takes a message",
    "directus.sendMessage()": "sendMessage takes a message",
    "directus.onWebSocket('message')": "takes an event and a function",
    "directus.onWebSocket('mesage', () => {})": 'no event "mesage"',
    "await directus.subscribe()": "collection",
    "await directus.subscribe('messages', { evnt: 'create' })": "no option 'evnt'",
    "await directus.subscribe('messages', 'create')": "an object with any of event, query",
    "await directus.items('messages').create()": "Expected an item",
    "await directus.items('messages').update({}, { key: 1 })": "no option 'key'",
    "await directus.items().read()": "collection",
}
TOLD = """async (call) => {
  try {
    await new Function(`return (async () => { ${call} })()`)();
    return ["nothing was raised"];
  } catch (error) {
    return [error.message, error.code, error instanceof Error, error.stack];
  }
}"""


def test_the_guides_lines_run_as_they_stand(shared: ObservedPage) -> None:
    observed, page = shared, shared.page
    seen = page.evaluate(GUIDE)
    init, created = seen["items"]
    assert init == {"type": "subscription", "event": "init", "uid": init["uid"]}
    row = {"text": "Hello World!", "user": "Ben"}
    assert created == {**init, "event": "create", "data": [row]}
    assert seen["plain"]
    assert sorted(seen["types"]) == ["items", *["subscription"] * 3]
    assert uids(page) == ["1"], "what was left is still subscribed"
    seen = page.evaluate(ITEMS)
    assert seen["read"] == [{"text": "Hello World!"}, {"text": "one"}]
    assert seen["many"] == [{"text": "two"}, {"text": "three"}]
    assert seen["found"] == seen["one"]
    assert seen["refused"] == ["FORBIDDEN"] * 2
    update, delete = map(json.loads, observed.sent[-2:])
    key = seen["one"]["id"]
    assert (update["action"], update["data"], update["id"]) == ("update", {"text": "four"}, key)
    assert (delete["action"], delete["ids"]) == ("delete", [key])
    for call, words in WRONG.items():
        sentence, *rest = page.evaluate(TOLD, call)
        assert words in sentence
        assert rest == ["USAGE_ERROR", True, f"Error: {sentence}"], call
    page.evaluate("directus.disconnect()")
    for call in ("directus.sendMessage({})", "await directus.items('messages').read()"):
        assert page.evaluate(TOLD, call)[1] == "NOT_CONNECTED"


def test_what_the_client_does_can_be_seen_and_disturbed(open_page: Open) -> None:
    observed = open_page()
    page = observed.page
    assert page.evaluate(KINDS) == []
    observed.clear_lines()
    page.evaluate("directus.help()")
    (text,) = observed.wait_for_lines(1)
    for name in page.evaluate("Object.keys(directus)"):
        assert f"directus.{name}(" in text or name == "help"
    assert page.evaluate("directus.inspect().frames") == []
    item = page.evaluate("createItem('seen', 'Ben')")
    seen = page.evaluate("directus.inspect()")
    assert (seen["state"], seen["reason"], seen["freshness"]) == ("open", None, "live")
    subscription = seen["subscriptions"][0]
    assert (subscription["uid"], subscription["mark"]) == ("1", item["id"])
    sent, *_, answer = seen["frames"]
    assert (sent["direction"], answer["direction"]) == ("sent", "received")
    assert json.loads(sent["text"])["data"] == {"text": "seen", "user": "Ben"}
    assert any(0 < (frame["latency"] or 0) < 10 for frame in seen["frames"])

    page.evaluate("directus.cut()")
    assert "cut()" in page.evaluate("directus.inspect().reason")
    observed.wait_for_state("open")
    frames = page.evaluate("JSON.stringify(directus.inspect().frames)")
    assert "access_token" in frames
    assert TOKEN not in frames

    page.evaluate("directus.offline()")
    observed.wait_for_state("reconnecting")
    page.evaluate("() => { window.created = createItem('written offline', 'Ben'); }")
    waiting = page.evaluate("directus.inspect().requests")  # the page's own reads wait too
    found = [(each["what"], each["waits_for"]) for each in waiting]
    assert found.count(('create in "messages"', "connection")) == 1
    page.evaluate("directus.online()")
    assert page.evaluate("created")["text"] == "written offline"
    observed.wait_for_text("written offline")
    assert observed.problems == []


def test_nothing_stays_of_what_was_left(shared: ObservedPage) -> None:
    page = shared.page
    page.evaluate(LEAVE)
    assert uids(page) == ["1"]
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert page.evaluate("left.map((each) => each.deref() === undefined)") == [True] * 3


def uids(page: Page) -> list[str]:
    """The uids of the subscriptions that have not ended, but for the page's quiet ones.

    What was left confirms it first.
    """
    page.evaluate("async () => await directus.items('messages').read({ limit: 1 })")
    seen: list[dict[str, Any]] = page.evaluate("directus.inspect().subscriptions")
    return [each["uid"] for each in seen if not each["uid"].startswith("directus-py:")]
