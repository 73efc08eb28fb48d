// Makes the snapshot, in Node: node snapshot.mjs OUT PYODIDE PYSCRIPT IMPORTS ROOT FILES
//
// OUT is a folder: it gets the slices, their twins, and snapshot.json, which tells a page how to use them.
// FILES is an object in JSON: each file of the app, with its path in the page.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { compress } from "./compress.mjs";
import { prelude, pyscriptPackage } from "./pyscript_package.mjs";

const HOME = "/home/pyodide";
const PAGE = 4096; // bytes
const GAP = 2 ** 14; // bytes: a shorter row of zeros is kept
const SLICE = 2 ** 22; // bytes: each comes by itself, and the page can tell how far it is
const [out, pyodideFolder, pyscriptFolder, imports, root, app] = process.argv.slice(2);
const files = Object.entries(JSON.parse(app));
const { loadPyodide, version } = await import(pathToFileURL(join(pyodideFolder, "pyodide.mjs")));
let fresh; // memory as it is before Python starts
const pyodide = await loadPyodide({
  _makeSnapshot: true,
  env: { HOME },
  createPyodideModule: async (settings) => {
    const { default: create } = await import(pathToFileURL(join(pyodideFolder, "pyodide.asm.mjs")));
    settings.onRuntimeInitialized = () => (fresh = settings.HEAPU8.slice());
    return create(settings);
  },
});
const declared = pyodide._module.HEAP8.length;

for (const [file, target] of files) {
  pyodide.FS.mkdirTree(dirname(`${HOME}/${target}`));
  pyodide.FS.writeFile(`${HOME}/${target}`, readFileSync(join(root, file)));
}
const pyscript = pyscriptPackage(pyscriptFolder);
writeTree(HOME, pyscript);
pyodide.runPython(`import ${imports}`);
pyodide.FS.writeFile("/lib/in_snapshot.py", readFileSync(new URL("in_snapshot.py", import.meta.url)));
pyodide.runPython(`
import sys
sys.path.append("/lib")
import in_snapshot
sys.path.remove("/lib")
sys.path_importer_cache.pop("/lib")
del in_snapshot, sys
`);
const inside = pyodide.pyimport("in_snapshot");
const main = join(root, "app", "main.py");
const modules = pyodide.toPy(files.map(([, target]) => target));
const script = existsSync(main) ? readFileSync(main, "utf8") : "";
const fault = inside.prepare(HOME, modules, prelude(pyscript), script);
modules.destroy();
inside.destroy();
pyodide.runPython("import gc; gc.collect(); del gc");
clearFreeMemory();
// A page starts with the heap that the build declares, and cannot take in a larger one.
const grown = pyodide._module.HEAP8.length;
if (grown !== declared) {
  throw new Error(`the snapshot needs ${grown} bytes of memory, and Pyodide starts with ${declared}`);
}

function writeTree(folder, tree) {
  pyodide.FS.mkdirTree(folder);
  for (const [name, entry] of Object.entries(tree)) {
    if (typeof entry === "string") pyodide.FS.writeFile(`${folder}/${name}`, entry);
    else writeTree(`${folder}/${name}`, entry);
  }
}

const whole = pyodide.makeMemorySnapshot();
const head = whole.subarray(0, whole.length - grown);
const memory = whole.subarray(head.length);
const constant = constantOf(memory, fresh);
const [parts, zeros] = partsOf(memory, constant);
const content = Buffer.concat([head, ...parts.map(([start, end]) => memory.subarray(start, end))]);
const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
const names = [];
for (let at = 0; at < content.length; at += SLICE) {
  names.push(`${hash}-${names.length}.bin`);
  writeFileSync(join(out, names.at(-1)), content.subarray(at, at + SLICE));
  await compress(join(out, names.at(-1)), ["zst", "gz"], 12);
}
const size = { head: head.length, whole: whole.length, content: content.length };
const sums = { content: sumOf(content), constant: sumOf(memory.subarray(0, constant)) };
const about = { fault, names, version, size, constant, parts, zeros, sums };
writeFileSync(join(out, "snapshot.json"), JSON.stringify(about));
process.exit(0); // Node would wait for what the interpreter keeps open

// Memory that Python has given back keeps what was in it, which no page need fetch. What the
// allocator hands out is taken, cleared and given back, as long as the memory does not grow for it.
function clearFreeMemory() {
  const { _malloc, _free, _sbrk, HEAPU8 } = pyodide._module;
  const taken = [];
  for (let size = 2 ** 20; size >= 64; size /= 2) {
    for (let end = _sbrk(0); ; ) {
      const place = _malloc(size);
      taken.push(place);
      if (_sbrk(0) !== end) break;
      HEAPU8.fill(0, place, place + size);
    }
  }
  taken.forEach(_free);
}

// Memory begins with what WebAssembly itself brings and nobody changes: how many bytes that is.
function constantOf(bytes, fresh) {
  let at = 0;
  while (at < bytes.length && isSame(bytes, fresh, at)) at += PAGE;
  return at;
}

function isSame(bytes, others, at) {
  return bytes.subarray(at, at + PAGE).every((byte, index) => byte === others[at + index]);
}

// Half of the memory is zeros, in long rows: the others' places, from where to where, and those of
// the zeros, but for the stack's: it is empty while Python rests.
function partsOf(bytes, from) {
  const { _emscripten_stack_get_end: end, _emscripten_stack_get_base: base } = pyodide._module;
  const [parts, zeros] = [[], []];
  let stop = from;
  for (let at = from; at <= bytes.length; at += PAGE) {
    const isEmpty = bytes.subarray(at, at + PAGE).every((byte) => byte === 0);
    if (isEmpty && at < bytes.length) continue;
    if (at - stop >= GAP || parts.length === 0) {
      const isStack = stop > end() - PAGE && at <= base();
      if (at > stop) zeros.push(...(isStack ? [] : [[stop, at]]));
      if (at < bytes.length) parts.push([at, at]);
    }
    stop = at + PAGE;
    if (at < bytes.length) parts.at(-1)[1] = stop;
  }
  return [parts, zeros];
}

// A byte of every kilobyte: the page in the browser does the same sum in no time.
function sumOf(bytes) {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 1024) sum = (Math.imul(sum, 31) + bytes[at]) >>> 0;
  return sum;
}
