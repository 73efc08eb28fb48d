// PyScript's interpreter: Pyodide, begun from a snapshot of its memory while PyScript still loads.
//
// The page imports this module at its first byte, and everything here starts at once; PyScript,
// which finds it in pyscript.toml, imports it again later and is handed what has begun. Where the
// snapshot is missing or not to be used, Pyodide starts the plain way, and the console says why.

const PYODIDE = document.querySelector('link[href$="/pyodide/pyodide.mjs"]').href;
const HTTP_PACKAGE = new URL("../pyodide_http.zip", PYODIDE).href;
const STANDARD_LIBRARY = new URL("python_stdlib.zip", PYODIDE).href;

const { loadPyodide: load, version } = await import(PYODIDE);

// Asked after everybody else; on sys.path each name that is nowhere would bring the file.
const FIND_HTTP_PACKAGE = `
def _add_finder():
    import sys
    from zipimport import zipimporter

    class Late:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != "pyodide_http":
                return None
            return zipimporter("/lib/pyodide_http.zip").find_spec(name)

    sys.meta_path.append(Late)

_add_finder()
del _add_finder
`;

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
  mountLate(pyodide.FS, "/lib/pyodide_http.zip", HTTP_PACKAGE);
  pyodide.runPython(FIND_HTTP_PACKAGE);
  performance.mark("runtime:started");
  return pyodide;
}

async function restore() {
  const link = document.getElementById("snapshot");
  if (!link) throw new Error("there is none; python3 serve.py makes it");
  if (link.dataset.version !== version) {
    throw new Error(`it is one of Pyodide ${link.dataset.version}, and this is ${version}`);
  }
  const snapshot = fetchSnapshot(link);
  snapshot.catch(() => {}); // Pyodide awaits it, but only when its script has come
  const pyodide = await load({
    ...options,
    _loadSnapshot: snapshot,
    // What starts is in the snapshot. The rest of the library comes when something asks for it.
    stdLibURL: "data:,",
  });
  const library = pyodide.FS.readdir("/lib").find((name) => name.endsWith(".zip"));
  mountLate(pyodide.FS, `/lib/${library}`, STANDARD_LIBRARY);
  // Every page begins with the same memory: without this, with the same random numbers too. The
  // seed of str's and bytes' hashes stays shared, since hashes are in dictionaries already; who
  // can choose very many keys of one dictionary in a page could know which of them collide.
  pyodide.runPython("import random; random.seed(); del random");
  return pyodide;
}

async function startPlainly(cause) {
  console.info(`Python starts without its snapshot, which takes longer: ${cause.message}`);
  return load(options);
}

/** Fetch the snapshot, telling the page at each tenth of it. */
async function fetchSnapshot({ href, dataset }) {
  const response = await fetch(href);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  const snapshot = new Uint8Array(Number(dataset.bytes));
  const reader = response.body.getReader();
  let length = 0;
  for (let told = 0, read; !(read = await reader.read()).done; ) {
    if (length + read.value.length > snapshot.length) throw new Error("it is too long");
    snapshot.set(read.value, length);
    length += read.value.length;
    if (length >= told) {
      const detail = { loaded: length, total: snapshot.length };
      dispatchEvent(new CustomEvent("python:progress", { detail }));
      told = length + snapshot.length / 10;
    }
  }
  if (length < snapshot.length) throw new Error(`it ends after ${length} bytes`);
  if (checksum(snapshot) !== Number(dataset.sum)) throw new Error("it was changed on its way");
  performance.mark("runtime:snapshot");
  return snapshot;
}

/** The sum that was made with the snapshot: one word of every page of memory, which costs nothing. */
function checksum(bytes) {
  const words = new Uint32Array(bytes.buffer);
  let sum = 0;
  for (let at = 0; at < words.length; at += 1024) sum = (Math.imul(sum, 31) + words[at]) >>> 0;
  return sum;
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
