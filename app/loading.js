// What the page shows and does until Python has loaded. This runs before any other script, so that
// every failure is reported.
(() => {
  const element = (id) => document.getElementById(id);
  const isLoading = () => (element("status")?.dataset.state ?? "loading") === "loading";

  // Calls before Python has loaded are kept, in order, and made when it has.
  const early = [];
  let failure = null; // the sentence that says why Python does not load
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

  // Files are fetched from a folder named by their version, which says nothing to a reader.
  const plain = (text) => text.replace(/\bv-[0-9a-f]{16}\//g, "");

  // The last line of a Python traceback, or of a message of PyScript's, names the cause.
  function lastLine(value) {
    const text = String(value?.message ?? value);
    if (/PY0001|Failed to fetch|NetworkError|Load failed/.test(text)) {
      return "a file of the page did not come.";
    }
    return `${text.trim().split("\n").pop().trim().replace(/\.$/, "")}.`;
  }

  // Most of the time goes into the snapshot's bytes; then come the stages that PyScript reports.
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

  // The connection opens while Python loads, which takes it over when it has loaded. If a message
  // comes before that, such as a ping, or Directus' ten seconds for credentials end, Python opens a
  // new one.
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
      // A browser that refuses the address refuses it to Python too, which reports it.
    }
  }

  addEventListener("error", ({ target, message }) => {
    const source = target?.src ?? target?.href;
    explain(source ? `${new URL(source).pathname} did not come.` : lastLine(message));
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => explain(lastLine(reason)));

  // PyScript catches errors while it loads, and writes them to the console or into an element.
  const logError = console.error;
  console.error = (...values) => {
    logError(...values);
    if (isLoading()) explain(lastLine(values[0]));
  };
  // If the WebAssembly does not come, Pyodide writes a warning and waits for ever.
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
