// Makes the snapshot, in Node: node make.mjs ORDER
//
// ORDER is an object in JSON:
//   out       the folder for the slices, and for snapshot.json, which says how a page uses them
//   pyodide   the folder of Pyodide
//   pyscript  the folder of PyScript's core
//   modules   the app: the file of each module, with its path in the page
//   script    the file that the page runs, or null
//   app       the digest of the app, or "" where the snapshot cannot hold all of it
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { clearFreeMemory, constantOf, partsOf, sumOf } from "./memory.mjs";
import { prelude, pyscriptPackage } from "./pyscript_package.mjs";

const HOME = "/home/pyodide";
const SLICE = 2 ** 22; // bytes: each is fetched by itself, so that the page can show its progress
const order = JSON.parse(process.argv[2]);
const { loadPyodide, version } = await import(pathToFileURL(join(order.pyodide, "pyodide.mjs")));
let fresh; // memory as it is before Python starts
const pyodide = await loadPyodide({
  _makeSnapshot: true,
  // Pyodide would look for its folder in the trace of an error, which changes some characters.
  indexURL: order.pyodide,
  env: { HOME },
  createPyodideModule: async (settings) => {
    const { default: create } = await import(pathToFileURL(join(order.pyodide, "pyodide.asm.mjs")));
    settings.onRuntimeInitialized = () => (fresh = settings.HEAPU8.slice());
    return create(settings);
  },
});
const declared = pyodide._module.HEAP8.length;

const fault = fill();
clearFreeMemory(pyodide._module);
// A page starts with the heap that the build declares, and cannot restore a larger one.
const grown = pyodide._module.HEAP8.length;
if (grown !== declared) {
  throw new Error(`the snapshot needs ${grown} bytes of memory, and Pyodide starts with ${declared}`);
}
const whole = pyodide.makeMemorySnapshot();
const head = whole.subarray(0, whole.length - grown);
const memory = whole.subarray(head.length);
const constant = constantOf(memory, fresh);
const [parts, zeros] = partsOf(memory, constant, pyodide._module);
const content = Buffer.concat([head, ...parts.map(([start, end]) => memory.subarray(start, end))]);
const about = {
  app: fault ? "" : order.app,
  fault,
  names: writeSlices(content),
  version,
  size: { head: head.length, whole: whole.length, content: content.length },
  constant,
  parts,
  zeros,
  sums: { content: sumOf(content), constant: sumOf(memory.subarray(0, constant)) },
};
writeFileSync(join(order.out, "snapshot.json"), JSON.stringify(about));
process.exit(0); // Node would wait for what the interpreter keeps open

/** Bring the app, and what starts a page, into memory; return why the app is not there, or "". */
function fill() {
  const modules = Object.entries(order.modules);
  for (const [file, target] of modules) {
    pyodide.FS.mkdirTree(dirname(`${HOME}/${target}`));
    pyodide.FS.writeFile(`${HOME}/${target}`, readFileSync(file));
  }
  const pyscript = pyscriptPackage(order.pyscript);
  writeTree(HOME, pyscript);
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
  const paths = pyodide.toPy(modules.map(([, target]) => target));
  const script = order.script ? readFileSync(order.script, "utf8") : "";
  const found = inside.prepare(HOME, paths, prelude(pyscript), script);
  paths.destroy();
  inside.destroy();
  pyodide.runPython("import gc; gc.collect(); del gc");
  return found;
}

function writeTree(folder, tree) {
  pyodide.FS.mkdirTree(folder);
  for (const [name, entry] of Object.entries(tree)) {
    if (typeof entry === "string") pyodide.FS.writeFile(`${folder}/${name}`, entry);
    else writeTree(`${folder}/${name}`, entry);
  }
}

/** Write the content in slices; return their names. */
function writeSlices(content) {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 16);
  const names = [];
  for (let at = 0; at < content.length; at += SLICE) {
    names.push(`${hash}-${names.length}.bin`);
    writeFileSync(join(order.out, names.at(-1)), content.subarray(at, at + SLICE));
  }
  return names;
}
