// What the page says and does until Python does: this runs while there is no Python yet, and before
// any other script, so that no failure goes unheard.
(() => {
  const element = (id) => document.getElementById(id);
  const isLoading = () => (element("status")?.dataset.state ?? "loading") === "loading";

  // What is asked for before Python is there is kept, in order, and done when it is.
  const early = [];
  let failure = null; // the sentence that says why Python will not come
  window.createItem = (...values) =>
    new Promise((resolve, reject) => {
      if (failure) reject(new Error(failure));
      else early.push({ values, resolve, reject });
    });
  window.createItem.handOver = (createItem) => {
    for (const { values, resolve } of early.splice(0)) resolve(createItem(...values));
  };

  function fail(sentence) {
    if (!isLoading()) return;
    failure = sentence;
    if (!element("error")) {
      addEventListener("DOMContentLoaded", () => fail(sentence));
      return;
    }
    element("status").dataset.state = "failed";
    element("status").textContent = "Failed";
    element("error").textContent = sentence;
    element("error").hidden = false;
    for (const { reject } of early.splice(0)) reject(new Error(sentence));
  }

  function explain(cause) {
    fail(`Python could not be loaded: ${plain(cause)} Reload the page; if it stays so, start serve.py again.`);
  }

  // Files are fetched from under a name for their version, which tells a reader nothing.
  const plain = (text) => text.replace(/\bv-[0-9a-f]{16}\//g, "");

  // The last line of a Python traceback, or of what PyScript says, is the one that tells.
  function lastLine(value) {
    const text = String(value?.message ?? value);
    if (/PY0001|Failed to fetch|NetworkError|Load failed/.test(text)) {
      return "a file of the page did not come.";
    }
    return `${text.trim().split("\n").pop().trim().replace(/\.$/, "")}.`;
  }

  // Most of the way is the snapshot's bytes; then come the stages that PyScript tells of.
  const STAGES = {
    "Loaded interpreter": [0.85, "the page's files"],
    "Loaded files": [0.9, "PyScript"],
    "Loaded Pyodide": [0.95, "the page"],
  };

  function show(share, text) {
    if (!isLoading() || !element("progress")) return;
    element("progress").value = Math.max(element("progress").value, share);
    const words = `Loading Python: ${text}`;
    if (element("status").textContent !== words) element("status").textContent = words;
  }

  addEventListener("python:progress", ({ detail: { loaded, total } }) => {
    const [some, all] = [loaded, total].map((bytes) => (bytes / 1e6).toFixed(1));
    show((0.8 * loaded) / total, `${some} of ${all} MB`);
  });
  addEventListener("py:progress", ({ detail }) => {
    if (detail in STAGES) show(...STAGES[detail]);
  });

  if (location.protocol === "file:") {
    fail("This page needs its server: run python3 serve.py in its folder, and open the address that it prints.");
    return;
  }

  connect(document.querySelector('meta[name="project"]')?.content);

  // The connection opens beside Python, which takes it over if it comes in time. A message, such as a
  // ping, and Directus' ten seconds for credentials must find Python there: else it begins anew.
  function connect(project) {
    if (project === undefined) return;
    const address = (project || location.origin).replace(/^http/, "ws");
    try {
      const socket = new WebSocket(`${address}/websocket`);
      window.earlySocket = socket;
      socket.onmessage = () => socket.close();
      socket.onopen = () => {
        socket.openedAt = Date.now();
        setTimeout(() => window.earlySocket === socket && socket.close(), 5_000);
      };
    } catch {
      // A browser that makes no attempt tells Python so, too.
    }
  }

  addEventListener("error", ({ target, message }) => {
    const source = target?.src ?? target?.href;
    explain(source ? `${new URL(source).pathname} did not come.` : lastLine(message));
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => explain(lastLine(reason)));

  // PyScript catches what fails on its way, and tells it to the console or in an element.
  const logError = console.error;
  console.error = (...values) => {
    logError(...values);
    if (isLoading()) explain(lastLine(values[0]));
  };
  // That the WebAssembly did not come Pyodide says in a warning, and waits for ever.
  const logWarning = console.warn;
  console.warn = (...values) => {
    logWarning(...values);
    if (/wasm instantiation failed/.test(values[0])) explain("pyodide.asm.wasm did not come.");
  };
  const observer = new MutationObserver(() => {
    const told = document.querySelector(".py-error");
    if (told) {
      explain(lastLine(told.textContent.split("\n")[0]));
      told.remove();
    }
    if (!isLoading()) {
      observer.disconnect();
      console.error = logError;
      console.warn = logWarning;
    }
  });
  observer.observe(document, { childList: true, subtree: true, attributes: true });
})();
