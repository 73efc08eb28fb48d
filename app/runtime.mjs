// PyScript's interpreter: Pyodide, begun from a snapshot of its memory while PyScript still loads.
//
// The page imports this module at its first byte, and everything here starts at once; PyScript,
// which finds it in pyscript.toml, imports it again later and is handed what has begun. Where the
// snapshot is missing or not to be used, Pyodide starts the plain way, and the console says why.

const PYODIDE = document.querySelector('link[href$="/pyodide/pyodide.mjs"]').href;
const ASSEMBLY = new URL("pyodide.asm.mjs", PYODIDE).href;
const HTTP_PACKAGE = new URL("../pyodide_http.zip", PYODIDE).href;
const HOME = "/home/pyodide";
const STANDARD_LIBRARY = new URL("python_stdlib.zip", PYODIDE).href;

// What set-up says of the snapshot that it made; its slices are asked for first of all.
const about = JSON.parse(document.querySelector('meta[name="snapshot"]')?.content ?? "null");
let loaded = 0; // bytes of them
let slices = Promise.all(about?.slices.map(fetchSlice) ?? []);
slices.catch(() => {}); // whoever awaits them hears of it

const { loadPyodide: load, version } = await import(PYODIDE);

// Until PyScript says where Python's output goes.
const streams = { stdout: console.log, stderr: console.error };
const options = {
  indexURL: new URL(".", PYODIDE).href,
  stdout: (text) => streams.stdout(text),
  stderr: (text) => streams.stderr(text),
};

const started = start();
// Whoever awaits it hears of a failure; until PyScript does, nobody is told that nobody did.
started.catch(() => {});

export { version };

/** Hand over the interpreter that was begun, with its output going where PyScript wants it. */
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
  arrived.catch(() => {}); // heard of below, and not before Pyodide gets there
  slices = null; // nothing holds the bytes once they are in memory
  const pyodide = await load({
    ...options,
    // What starts is in the snapshot. The rest of the library comes when something asks for it.
    stdLibURL: "data:,",
    // WebAssembly starts while the snapshot comes, and waits for it here.
    fsInit: () => arrived.catch(() => {}), // without its head it is refused
    // Pyodide takes the head of the snapshot for all of it: the rest goes straight into memory.
    _loadSnapshot: head,
    createPyodideModule: async (settings) => {
      const { default: create } = await import(ASSEMBLY);
      settings.INITIAL_MEMORY = about.size.whole;
      const begun = await create(settings);
      pour(content, begun);
      content = [];
      return begun;
    },
  }).catch(async (error) => {
    await arrived; // if that failed, it is the cause
    throw error;
  });
  const library = pyodide.FS.readdir("/lib").find((name) => name.endsWith(".zip"));
  mountLate(pyodide.FS, `/lib/${library}`, STANDARD_LIBRARY);
  mountLate(pyodide.FS, "/lib/pyodide_http.zip", HTTP_PACKAGE);
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

/** Fetch a file of the app, which PyScript is not told of where the snapshot has them. */
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

/** Fetch a slice of the snapshot. As a blob it passes the page by until it is complete. */
async function fetchSlice(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const bytes = new Uint8Array(await (await response.blob()).arrayBuffer());
  loaded += bytes.length;
  const detail = { loaded, total: about.size.content };
  dispatchEvent(new CustomEvent("python:progress", { detail }));
  return bytes;
}

/** See that the slices are what they were when the snapshot was made. */
function check(found) {
  if (loaded !== about.size.content) throw new Error(`it ends after ${loaded} bytes`);
  if (sumOf(found) !== about.sums.content) throw new Error("it was changed on its way");
  performance.mark("runtime:snapshot");
}

/** The sum of a byte of every kilobyte: it takes no time. */
function sumOf(arrays) {
  let sum = 0;
  for (const bytes of arrays) {
    for (let at = 0; at < bytes.length; at += 1024) sum = (Math.imul(sum, 31) + bytes[at]) >>> 0;
  }
  return sum;
}

/** Put what the slices hold where it belongs in memory, and zeros where memory is in use already. */
function pour(content, module) {
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

/** Where Python finds what it calls through; this depends on the browser, and is there already. */
function trampolineOf({ HEAP32, __PyRuntime: python, __PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET: offset }) {
  const at = (python + HEAP32[offset >> 2]) >> 2;
  return HEAP32.subarray(at, at + 1);
}

/** Put a file at `path` whose content is fetched when it is first looked at. */
function mountLate(fs, path, url) {
  if (!fs.analyzePath(path).exists) fs.writeFile(path, "");
  const { node } = fs.lookupPath(path);
  let bytes = null;
  const content = () => (bytes ??= fetchAtOnce(url));
  Object.defineProperty(node, "contents", { get: content });
  Object.defineProperty(node, "usedBytes", { get: () => content().length });
}

/** Fetch while the page waits, since an import cannot: text is all that such a request may bring. */
function fetchAtOnce(url) {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.overrideMimeType("text/plain; charset=x-user-defined"); // a character for each byte
  request.send();
  if (request.status !== 200) throw new Error(`${url} did not come: ${request.status}`);
  const text = request.responseText;
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at); // the low byte
  return bytes;
}
