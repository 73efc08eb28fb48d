// PyScript's interpreter: Pyodide, started from a snapshot of its memory while PyScript still loads.
//
// The page imports this module at its first byte, and everything here starts at once. PyScript,
// which finds it in pyscript.toml, imports it again later and gets the interpreter that has started.
// Where there is no snapshot to use, Pyodide starts the usual way, and the console says why.

const PYODIDE = document.querySelector('link[href$="/pyodide/pyodide.mjs"]').href;
const ASSEMBLY = new URL("pyodide.asm.mjs", PYODIDE).href;
const HTTP_PACKAGE = new URL("../pyodide_http.zip", PYODIDE).href;
const HOME = "/home/pyodide";
const IO_ERROR = 29; // WebAssembly's number of EIO
const STANDARD_LIBRARY = new URL("python_stdlib.zip", PYODIDE).href;

// The description of the snapshot (web/snapshot); its slices are fetched before anything else.
const about = JSON.parse(document.querySelector('meta[name="snapshot"]')?.content ?? "null");
let loaded = 0; // bytes of the slices
let slices = Promise.all(about?.slices.map(fetchSlice) ?? []);
slices.catch(() => {}); // reported to whoever awaits them

const { loadPyodide: load, version } = await import(PYODIDE);

// Until PyScript says where Python's output goes.
const streams = { stdout: console.log, stderr: console.error };
const options = {
  indexURL: new URL(".", PYODIDE).href,
  stdout: (text) => streams.stdout(text),
  stderr: (text) => streams.stderr(text),
};

const started = start();
// A failure is reported to PyScript, which awaits it later; until then it is no unhandled rejection.
started.catch(() => {});

export { version };

/** Return the interpreter that was started, with its output going where PyScript wants it. */
export async function loadPyodide({ stdout, stderr }) {
  performance.mark("runtime:asked");
  Object.assign(streams, { stdout, stderr });
  return started;
}

async function start() {
  const pyodide = await restore().catch(startPlainly);
  performance.mark("runtime:started");
  return pyodide;
}

async function restore() {
  if (!about) throw new Error("there is none; python3 serve.py makes it");
  if (about.version !== version) {
    throw new Error(`it is one of Pyodide ${about.version}, and this is ${version}`);
  }
  const head = new Uint8Array(about.size.head);
  let content = [];
  const arrived = slices.then((found) => {
    check(found);
    content = found;
    head.set(found[0].subarray(0, head.length));
  });
  arrived.catch(() => {}); // reported below, once Pyodide needs it
  slices = null; // so that the bytes are freed once they are in memory
  const pyodide = await load({
    ...options,
    // The snapshot holds what starts. The rest of the library is fetched when something imports it.
    stdLibURL: "data:,",
    // WebAssembly starts while the snapshot is fetched, and waits for it here.
    fsInit: () => arrived.catch(() => {}), // Pyodide refuses an empty head
    // Pyodide is given the head of the snapshot only: the rest is written straight into memory.
    _loadSnapshot: head,
    createPyodideModule: async (settings) => {
      const { default: create } = await import(ASSEMBLY);
      settings.INITIAL_MEMORY = about.size.whole;
      const module = await create(settings);
      writeMemory(content, module);
      content = [];
      return module;
    },
  }).catch(async (error) => {
    await arrived; // if that failed, it is the cause
    throw error;
  });
  const library = pyodide.FS.readdir("/lib").find((name) => name.endsWith(".zip"));
  mountLazily(pyodide.FS, `/lib/${library}`, STANDARD_LIBRARY);
  mountLazily(pyodide.FS, "/lib/pyodide_http.zip", HTTP_PACKAGE);
  const inside = pyodide.pyimport("in_snapshot"); // web/snapshot/in_snapshot.py
  inside.begin();
  inside.destroy();
  return pyodide;
}

async function startPlainly(cause) {
  console.info(`Python starts without its snapshot, which takes longer: ${cause.message}`);
  slices = null;
  const pyodide = await load(options);
  const files = Object.entries(about?.files ?? {});
  await Promise.all(files.map(([file, target]) => fetchFile(pyodide.FS, file, target)));
  const archive = await fetchBytes(HTTP_PACKAGE).catch(({ message }) => console.warn(message));
  if (archive) pyodide.unpackArchive(archive, "zip");
  return pyodide;
}

/** Fetch a file of the app: where the snapshot holds the app, PyScript does not fetch it. */
async function fetchFile(fs, file, target) {
  const bytes = await fetchBytes(new URL(`../${file}`, import.meta.url));
  const path = `${HOME}/${target}`;
  fs.mkdirTree(path.slice(0, path.lastIndexOf("/")));
  fs.writeFile(path, bytes);
}

async function fetchBytes(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} did not come: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Fetch a slice of the snapshot. As a blob it costs the page's thread nothing until complete; of
 * fetch and XMLHttpRequest the former is faster, and the latter tells how much of it has come.
 */
async function fetchSlice(address) {
  const blob = await (isVisitedAgain() ? fetchBlob(address) : requestBlob(address));
  return new Uint8Array(await blob.arrayBuffer());
}

/** Tell whether this file came from the browser's cache, as then most probably all others do. */
function isVisitedAgain() {
  const [entry] = performance.getEntriesByName(import.meta.url);
  return entry?.transferSize === 0 && entry.decodedBodySize > 0;
}

async function fetchBlob(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const blob = await response.blob();
  report(blob.size);
  return blob;
}

async function requestBlob(address) {
  const request = new XMLHttpRequest();
  request.open("GET", address);
  request.responseType = "blob";
  let reported = 0;
  const reportUpTo = (bytes) => {
    report(bytes - reported);
    reported = bytes;
  };
  await new Promise((resolve, reject) => {
    request.onprogress = ({ loaded: bytes }) => reportUpTo(bytes);
    request.onload = resolve;
    request.onerror = () => reject(new TypeError(`${address} did not come`));
    request.send();
  });
  if (request.status !== 200) throw new Error(`the server answered ${request.status}`);
  reportUpTo(request.response.size);
  return request.response;
}

function report(bytes) {
  loaded += bytes;
  const detail = { loaded, total: about.size.content };
  dispatchEvent(new CustomEvent("python:progress", { detail }));
}

/** Check that the slices are complete and unchanged. */
function check(found) {
  if (loaded !== about.size.content) throw new Error(`it ends after ${loaded} bytes`);
  if (sumOf(found) !== about.sums.content) throw new Error("it was changed on its way");
  performance.mark("runtime:snapshot");
}

/** Return a sum of one byte of every kilobyte, which is fast; web/snapshot/memory.mjs does the same. */
function sumOf(arrays) {
  let sum = 0;
  for (const bytes of arrays) {
    for (let at = 0; at < bytes.length; at += 1024) sum = (Math.imul(sum, 31) + bytes[at]) >>> 0;
  }
  return sum;
}

/** Write the slices to their places in memory, and zeros where memory is already in use. */
function writeMemory(content, module) {
  const { HEAPU8: memory, _sbrk } = module;
  if (sumOf([memory.subarray(0, about.constant)]) !== about.sums.constant) {
    throw new Error("it is one of another WebAssembly");
  }
  const trampoline = trampolineOf(module);
  const own = trampoline[0];
  const end = _sbrk(0);
  for (const [start, stop] of about.zeros) memory.fill(0, start, Math.max(start, Math.min(stop, end)));
  const parts = about.parts.values();
  let [at, stop] = parts.next().value;
  let skipped = about.size.head;
  for (const slice of content) {
    for (let bytes = slice.subarray(skipped); bytes.length; ) {
      const some = bytes.subarray(0, stop - at);
      memory.set(some, at);
      bytes = bytes.subarray(some.length);
      at += some.length;
      if (at === stop) [at, stop] = parts.next().value ?? [0, 0];
    }
    skipped = 0;
  }
  trampoline[0] = own;
}

/** The slot for the function that Python's calls go through: it depends on the browser. */
function trampolineOf({ HEAP32, __PyRuntime: python, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET: offset }) {
  const at = (python + HEAP32[offset >> 2]) >> 2;
  return HEAP32.subarray(at, at + 1);
}

/** Put a file at `path` whose content is fetched when it is first read. */
function mountLazily(fs, path, url) {
  if (!fs.analyzePath(path).exists) fs.writeFile(path, "");
  const { node } = fs.lookupPath(path);
  let bytes = null;
  const content = () => {
    try {
      return (bytes ??= fetchSynchronously(url));
    } catch ({ message }) {
      console.warn(`A part of Python's library did not come from ${url}: ${message}`);
      // Python raises OSError, and the next import tries again; any other exception would end it.
      throw new fs.ErrnoError(IO_ERROR);
    }
  };
  Object.defineProperty(node, "contents", { get: content });
  Object.defineProperty(node, "usedBytes", { get: () => content().length });
}

/** Fetch synchronously, since an import cannot await. Such a request can only return text. */
function fetchSynchronously(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // a character for each byte
  request.send();
  if (request.status !== 200) throw new Error(`the server answered ${request.status}`);
  const text = request.responseText;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at); // the low byte
  return bytes;
}
