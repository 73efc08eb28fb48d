"""The rows of ``#messages`` in the document; from Python each row would take a dozen calls.

Text is only ever set as text.
"""

from pyodide.code import run_js

rows = run_js("""
(() => {
  const list = document.getElementById("messages");
  const template = document.getElementById("row").content.firstElementChild;
  const count = document.getElementById("count");

  function fill({ children }, user, text) {
    children[0].textContent = user;
    children[1].textContent = text;
  }

  /** Put rows at the top, the oldest first, and show how many came live. */
  function prepend(fresh, most, counted) {
    const fragment = document.createDocumentFragment();
    for (const [key, user, text] of fresh) {
      const row = template.cloneNode(true);
      if (key !== null) row.dataset.id = key;
      fill(row, user, text);
      fragment.prepend(row);
    }
    const excess = list.childElementCount + fragment.childElementCount - most;
    if (excess > 0) {
      const old = document.createRange();
      old.setStart(list, Math.max(0, list.childNodes.length - excess));
      old.setEnd(list, list.childNodes.length);
      old.deleteContents();
    }
    list.prepend(fragment);
    count.textContent = counted;
  }

  /** Set the text of rows that were changed; without a text a row goes away. */
  function change(changes) {
    const byKey = new Map(changes.map(([key, ...texts]) => [key, texts]));
    for (const row of [...list.children]) {
      if (!byKey.has(row.dataset.id)) continue;
      const [user, text] = byKey.get(row.dataset.id);
      if (text === undefined) row.remove();
      else fill(row, user, text);
    }
  }

  return {
    draw: (fresh, changes, most, counted) => {
      prepend(JSON.parse(fresh), most, counted);
      if (changes) change(JSON.parse(changes));
    },
    keys: () => JSON.stringify([...list.children].flatMap(({ dataset }) => dataset.id ?? [])),
    clear: () => list.replaceChildren(),
  };
})()
""")
