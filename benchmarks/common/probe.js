// What a benchmark measures inside a page; loaded before any script of the page.
(() => {
  const sockets = [];
  const subscribed = Promise.withResolvers();
  const lookForInit = ({ target, data }) => {
    if (!data.includes('"event":"init"')) return;
    target.removeEventListener("message", lookForInit);
    subscribed.resolve();
  };
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets.push(this);
      this.addEventListener("message", lookForInit);
    }
  };

  const memories = new Set();
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const native = WebAssembly[name];
    WebAssembly[name] = async (source, imports, ...more) => {
      const result = await native.call(WebAssembly, source, imports, ...more);
      const { exports } = result.instance ?? result;
      for (const value of [imports?.env?.memory, ...Object.values(exports)]) {
        if (value instanceof WebAssembly.Memory) memories.add(value);
      }
      return result;
    };
  }
  /** Return the bytes of all of WebAssembly's memories. */
  const wasm = () => [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

  const longTasks = [];
  const observer = new PerformanceObserver((list) => longTasks.push(...list.getEntries()));
  observer.observe({ type: "longtask", buffered: true });

  const SETTLED = 100; // milliseconds after which the last long task has been reported
  const list = () => document.querySelector("#messages");
  const is = (row, text) => row?.lastElementChild.textContent === text;
  /** Tell whether the newest row, at whichever end it is, has a text. */
  const hasRow = (text) => is(list().firstElementChild, text) || is(list().lastElementChild, text);

  /** Resolve to the time when a row of this text is in the list; clocks are performance.now(). */
  function row(text) {
    return new Promise((resolve) => {
      const watch = new MutationObserver(() => {
        if (!hasRow(text)) return;
        watch.disconnect();
        resolve(performance.now());
      });
      watch.observe(list(), { childList: true });
    });
  }

  /** Resolve to what a burst took, from the next message until a row of this text is there. */
  async function burst(text) {
    let first;
    const begin = () => (first ??= performance.now());
    for (const socket of sockets) {
      if (socket.readyState === WebSocket.OPEN) {
        socket.addEventListener("message", begin, { once: true, capture: true });
      }
    }
    const last = await row(text);
    await new Promise((resolve) => setTimeout(resolve, SETTLED));
    const within = longTasks.filter(
      ({ startTime, duration }) => startTime < last && startTime + duration > first,
    );
    const durations = within.map(({ duration }) => duration);
    return { took: last - first, longTasks: within.length, longest: Math.max(0, ...durations) };
  }

  /** Create items one after the other; resolve to the milliseconds until each one's row is there. */
  async function createEach(count, text) {
    const took = [];
    for (let number = 1; number <= count; number++) {
      const shown = row(`${text} ${number}`);
      const started = performance.now();
      createItem(`${text} ${number}`, "Ben");
      took.push((await shown) - started);
    }
    return took;
  }

  /** Return how many rows have come. */
  function shown() {
    const counted = document.querySelector("#count");
    return counted ? Number(counted.textContent) : list().childElementCount;
  }

  window.probe = { subscribed: subscribed.promise, wasm, row, burst, createEach, shown };
})();
