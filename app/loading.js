// What the page says until Python speaks for itself: this runs while there is no Python yet.
(() => {
  const status = document.getElementById("status");
  const error = document.getElementById("error");
  const isLoading = () => status.dataset.state === "loading";

  function fail(sentence) {
    if (!isLoading()) return;
    status.dataset.state = "failed";
    status.textContent = "Failed";
    error.textContent = sentence;
    error.hidden = false;
  }

  function explain(cause) {
    fail(`Python could not be loaded: ${cause} Reload the page; if it stays so, start serve.py again.`);
  }

  // The last line of a Python traceback, or of what PyScript says, is the one that tells.
  function lastLine(value) {
    const text = String(value?.message ?? value);
    if (/PY0001|Failed to fetch|NetworkError|Load failed/.test(text)) {
      return "a file of the page did not come.";
    }
    return `${text.trim().split("\n").pop().trim().replace(/\.$/, "")}.`;
  }

  if (location.protocol === "file:") {
    fail("This page needs its server: run python3 serve.py in its folder, and open the address that it prints.");
    return;
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
  const observer = new MutationObserver(() => {
    const told = document.querySelector(".py-error");
    if (told) {
      explain(lastLine(told.textContent.split("\n")[0]));
      told.remove();
    }
    if (!isLoading()) {
      observer.disconnect();
      console.error = logError;
    }
  });
  observer.observe(document.body, { childList: true, subtree: true, attributes: true });
})();
