"""The rows of ``#messages`` in the document; from Python each row would take a dozen calls.

Text is only ever set as text. A row's time is its ``date_created`` where that was read, as in the
history; else it is the time at which the message came here, and says so where one points at it.
"""

from pyodide.code import run_js

rows = run_js("""
(() => {
  const element = (id) => document.getElementById(id);
  const [list, button] = [element("messages"), element("held")];
  const template = element("row").content.firstElementChild;

  // Made when they are needed first: that takes milliseconds.
  const formats = {};
  const format = (at, options) =>
    (formats[JSON.stringify(options)] ??= new Intl.DateTimeFormat(undefined, options)).format(at);
  const CLOCK = { hour: "2-digit", minute: "2-digit" };
  const DAY = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
  const EXACT = { dateStyle: "full", timeStyle: "medium" };

  const timeOf = (row) => row.children[1];
  const dayOf = (row) => new Date(timeOf(row).dateTime).toDateString();
  const label = (row) => (row.dataset.day = format(new Date(timeOf(row).dateTime), DAY));

  function fill(row, user, text) {
    row.firstElementChild.textContent = user;
    row.lastElementChild.textContent = text;
  }

  function blank(at, isArrival) {
    const row = template.cloneNode(true);
    timeOf(row).textContent = format(at, CLOCK);
    timeOf(row).dateTime = at.toISOString();
    timeOf(row).dataset.of = isArrival ? "Came" : "Created";
    return row;
  }

  // What comes in the same second is a copy of one row.
  let [arrival, arrivedAt] = [null, 0];
  function arrived(now) {
    const second = Math.floor(now / 1000);
    if (second !== arrivedAt) [arrival, arrivedAt] = [blank(now, true), second];
    return arrival.cloneNode(true);
  }

  list.addEventListener("pointerover", ({ target }) => {
    if (target.dateTime) {
      target.title = `${target.dataset.of} ${format(new Date(target.dateTime), EXACT)}`;
    }
  });

  // Where the browser does not keep what somebody reads in its place, new rows wait for them.
  const isAnchored = CSS.supports("overflow-anchor", "auto");
  const held = document.createElement("ol");
  const isReading = () => list.firstElementChild && list.getBoundingClientRect().top < 0;

  function release() {
    list.prepend(...held.childNodes);
    button.hidden = true;
  }
  if (!isAnchored) {
    button.addEventListener("click", () => {
      release();
      list.parentElement.scrollIntoView();
      element("text").focus({ preventScroll: true });
    });
    const look = () => !button.hidden && !isReading() && release();
    addEventListener("scroll", look, { passive: true });
  }

  /** Take away the oldest rows beyond a number. */
  function trim(rows, most) {
    if (rows.childElementCount <= most) return;
    const old = document.createRange();
    old.setStart(rows, Math.max(0, most));
    old.setEnd(rows, rows.childNodes.length);
    old.deleteContents();
  }

  /** Put rows at the top, the oldest first; the newest of each day but today names its day. */
  function prepend(fresh, most) {
    const now = new Date();
    const today = now.toDateString();
    const fragment = document.createDocumentFragment();
    let top = held.firstElementChild ?? list.firstElementChild;
    let topDay = top && dayOf(top);
    for (const [key, user, text, created] of fresh) {
      const at = created && new Date(created);
      const isKnown = at && !isNaN(at);
      const row = isKnown ? blank(at, false) : arrived(now);
      const day = isKnown ? at.toDateString() : today;
      if (key !== null) row.dataset.id = key;
      fill(row, user, text);
      if (day === topDay) delete top.dataset.day;
      else if (top) label(top);
      [top, topDay] = [row, day];
      fragment.prepend(row);
      if (day !== today) label(row);
    }
    const waits = !isAnchored && (!button.hidden || isReading());
    const target = waits ? held : list;
    target.prepend(fragment);
    trim(held, most);
    trim(list, most - held.childElementCount);
    if (waits) {
      button.textContent = `${held.childElementCount} new`;
      button.hidden = false;
    }
  }

  /** Set the text of rows that were changed; without a text a row goes away. */
  function change(changes) {
    const byKey = new Map(changes.map(([key, ...texts]) => [key, texts]));
    for (const row of [...held.children, ...list.children]) {
      if (!byKey.has(row.dataset.id)) continue;
      const [user, text] = byKey.get(row.dataset.id);
      if (text === undefined) remove(row);
      else fill(row, user, text);
    }
  }

  function remove(row) {
    const next = row.nextElementSibling;
    if (row.dataset.day && next && dayOf(next) === dayOf(row)) next.dataset.day = row.dataset.day;
    row.remove();
  }

  // One message is read out, several that come within a second are summed up.
  let [known, unsaid, last] = [0, 0, ""];
  function announce(counted, [, user, text]) {
    if (!unsaid) setTimeout(say, 1000);
    unsaid += counted - known;
    last = `${user}: ${text}`;
    known = counted;
  }
  function say() {
    element("announcement").textContent = unsaid === 1 ? last : `${unsaid} new messages`;
    unsaid = 0;
  }

  return {
    draw: (rows, changes, most, counted) => {
      const fresh = JSON.parse(rows);
      if (fresh.length) prepend(fresh, most);
      if (changes) change(JSON.parse(changes));
      if (counted === known) return;
      element("count").textContent = counted;
      if (fresh.length) announce(counted, fresh.at(-1));
    },
    keys: () => {
      const rows = [...held.children, ...list.children];
      return JSON.stringify(rows.flatMap(({ dataset }) => dataset.id ?? []));
    },
    clear: () => {
      held.replaceChildren();
      list.replaceChildren();
      button.hidden = true;
    },
    say: (text) => (element("announcement").textContent = text),
  };
})()
""")
