// What the page shows and does until Python has loaded, and what it says of Python's errors. This
// runs before any other script, so that every failure is reported.
(() => {
  const element = (id) => document.getElementById(id);
  const isLoading = () => (element("status")?.dataset.state ?? "loading") === "loading";

  // Calls before Python has loaded are kept, in order, and made when it has.
  const early = [];
  let failure = null; // the sentence that says why Python does not load
  const stay = (event) => event.preventDefault(); // the browser asks whether to leave the page
  window.createItem = (...values) => keep(values, false);
  window.createItem.handOver = (createItem) => {
    failure = null; // Python has loaded, whatever failed before
    removeEventListener("beforeunload", stay);
    const { send } = element("composer");
    for (const { values, isForm, row, resolve } of early.splice(0)) {
      row?.remove();
      resolve(isForm ? send(...values) : createItem(...values));
    }
  };

  function keep(values, isForm) {
    return new Promise((resolve, reject) => {
      if (failure) return reject(new Error(failure));
      if (!early.length) addEventListener("beforeunload", stay);
      early.push({ values, isForm, row: showWaiting(...values), resolve, reject });
    });
  }

  /** Show what waits for Python, where the document has got that far; return its row. */
  function showWaiting(text, user) {
    const row = element("waiting-row")?.content.firstElementChild.cloneNode(true);
    if (!row) return;
    const words = [user ?? "Anonymous", text ?? "", "waiting"];
    words.forEach((word, at) => (row.children[at].textContent = String(word)));
    row.dataset.outcome = "waiting";
    element("waiting").prepend(row);
    return row;
  }

  // The form is handled here for the page's whole life: Python sets `send` once it has loaded.
  addEventListener("submit", (event) => {
    if (event.target.id !== "composer") return;
    event.preventDefault();
    if (failure) return; // the text stays where it is
    const [text, user] = [element("text"), element("user")];
    if (event.target.send && !early.length) event.target.send(text.value, user.value);
    else keep([text.value, user.value], true).catch(() => {}); // its row says so
    text.value = "";
    check(text);
    text.focus();
  });

  addEventListener("input", ({ target }) => target.form?.id === "composer" && check(target));

  /** Say, before it is sent, that a field is blank, or how much room a long text has left. */
  function check(field) {
    const isBlank = field.value && !field.value.trim();
    const name = field.labels[0].textContent.toLowerCase();
    field.setCustomValidity(isBlank ? `A blank ${name} is not sent: write something.` : "");
    if (field.id !== "text") return;
    const left = field.maxLength - field.value.length;
    const few = left ? `Room for ${left} more.` : `A message has ${field.maxLength} characters at most.`;
    element("limit").textContent = left > 100 ? "" : few;
  }

  // What is being written outlives a reload, and the name the browser's end.
  const KEPT = { text: "sessionStorage", user: "localStorage" };
  addEventListener("DOMContentLoaded", () => withStorage((storage, field) => {
    field.value = storage.getItem(`composer ${field.id}`) || field.value;
    check(field);
  }));
  addEventListener("pagehide", () => withStorage((storage, field) => {
    storage.setItem(`composer ${field.id}`, field.value);
  }));

  function withStorage(use) {
    for (const id in KEPT) {
      try {
        use(window[KEPT[id]], element(id));
      } catch {
        // A browser may refuse its storage, and the page does without.
      }
    }
  }

  /** Show why Python does not load, or why its program ended, and give back what was kept. */
  function fail(sentence) {
    if (!isLoading()) return;
    failure = sentence;
    if (!element("error")) {
      addEventListener("DOMContentLoaded", () => fail(sentence));
      return;
    }
    element("status").dataset.state = "failed";
    element("status").dataset.fresh = "stale";
    element("status").textContent = "Failed";
    element("error").textContent = element("announcement").textContent = sentence;
    element("error").hidden = false;
    element("detail").firstElementChild.textContent = "";
    element("action").textContent = "Reload";
    element("action").hidden = element("detail").hidden = false;
    removeEventListener("beforeunload", stay);
    for (const { values, isForm, row, reject } of early.splice(0)) {
      reject(new Error(sentence));
      if (row) {
        row.dataset.outcome = "not-sent";
        row.children[2].textContent = "not sent: Python did not start";
      }
      if (isForm) element("text").value ||= values[0];
    }
    dispatchEvent(new Event("python:failed"));
  }

  addEventListener("click", ({ target }) => {
    if (target.id === "action" && element("status").dataset.state === "failed") location.reload();
  });

  const NO_PACKAGES =
    "pyscript.toml asks for packages, and this page cannot install any: it has Python's standard library. Remove the line that begins with packages.";

  function explain(cause) {
    fail(`Python could not be loaded: ${plain(cause)} Reload the page; if it stays so, start serve.py again.`);
  }

  // Files are fetched from a folder named by their version, which says nothing to a reader.
  const plain = (text) => text.replace(/\bv-[0-9a-f]{16}\//g, "");

  /** Return the last line of what PyScript or the browser says, which names the cause. */
  function lastLine(value) {
    const text = String(value?.message ?? value);
    if (/PY0001|Failed to fetch|NetworkError|Load failed/.test(text)) {
      return "a file of the page did not come.";
    }
    return `${text.trim().split("\n").pop().trim().replace(/\.$/, "")}.`;
  }

  /** Return where an error of the program is and what it says, from a Python traceback; else null. */
  function faultIn(value) {
    const text = String(value?.message ?? value);
    const start = text.lastIndexOf("Traceback (most recent call last):\n");
    if (start < 0) return null;
    const lines = text.slice(start).split("\n").slice(1);
    const says = lines.find((line) => /^\S/.test(line)) ?? "an error without a name";
    const frames = [...text.slice(start).matchAll(/^ +File "(.+)", line (\d+)/gm)];
    const places = frames.map(([, file, line]) => `${nameOf(file)}, line ${line}`);
    const ours = places.filter((place) => place.startsWith("app/"));
    const programs = ours.filter((place) => !place.startsWith("app/directus_realtime/"));
    const place = programs.pop() ?? ours.pop() ?? places.pop() ?? "Python";
    return `${place}: ${says.replace(/\.$/, "")}.${cureOf(says)}`;
  }

  /** Return a file's path in the repository; the script itself is run without a name. */
  function nameOf(file) {
    const path = file.replace(/^\/home\/pyodide\//, "");
    if (path === "<exec>") {
      return plain(document.querySelector("script[type=py]")?.getAttribute("src") ?? "app/main.py");
    }
    return path.replace(/^directus_realtime\//, "app/directus_realtime/");
  }

  function cureOf(says) {
    if (!/^(ModuleNotFoundError|ImportError)/.test(says)) return "";
    return " The page has Python's standard library, and the files under [files] in pyscript.toml.";
  }

  /** Show an error of the program; the first one stays, since later ones may come of it. */
  function showFault(sentence) {
    const place = element("fault");
    if (failure || !place?.hidden) return;
    place.textContent = `${sentence} The console has the traceback.`;
    element("announcement").textContent = place.textContent;
    place.hidden = false;
  }

  // Most of the time goes into the snapshot's bytes; then come the stages that PyScript reports.
  const STAGES = {
    "Loaded interpreter": [0.85, "the page's files"],
    "Loaded files": [0.9, "PyScript"],
    "Loaded Pyodide": [0.95, "the page"],
  };

  function show(share, text) {
    const [progress, detail] = [element("progress"), element("detail")];
    if (!isLoading() || !detail) return;
    progress.value = Math.max(progress.value, share);
    detail.firstElementChild.textContent = `Loading Python: ${text}`; // which is not read out
    detail.hidden = false;
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
    const here = new URL(".", location.href).href.replace(/\/$/, ""); // page.address() in Python
    const address = (project || here).replace(/^http/, "ws");
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

  /** Tell what failed: an error of the program, or, while Python loads, of anything else. */
  function tell(value) {
    const fault = faultIn(value);
    const isOurs = fault?.startsWith("app/");
    if (value?.name === "PythonError" && isOurs && isLoading()) fail(fault);
    else if (fault && (isOurs || !isLoading())) showFault(fault);
    else if (/error occurred while loading /.test(value)) fail(NO_PACKAGES);
    else explain(lastLine(value));
  }

  addEventListener("error", ({ target, message }) => {
    const source = target?.src ?? target?.href;
    if (source) explain(`${new URL(source).pathname} did not come.`);
    else tell(message);
  }, true);
  addEventListener("unhandledrejection", ({ reason }) => tell(String(reason?.message ?? reason)));

  // PyScript writes the errors that it catches to the console: a PythonError ended a script.
  const logError = console.error;
  console.error = (...values) => {
    logError(...values);
    tell(values[0]);
    if (values[0]?.name === "PythonError") dispatchEvent(new Event("python:failed"));
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
      tell(faultIn(told.textContent) ? told.textContent : told.textContent.split("\n")[0]);
      told.remove();
    }
    if (!isLoading()) {
      observer.disconnect();
      console.warn = logWarning;
    }
  });
  observer.observe(document, { childList: true, subtree: true, attributes: true });
})();
