// Makes the snapshot, in Node: node snapshot.mjs OUT PYODIDE PYSCRIPT IMPORTS ROOT FILE...
//
// Beside OUT come its twins, and OUT.json: what a page needs to know before it trusts the snapshot.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { compress } from "./compress.mjs";

const HOME = "/home/pyodide";
const [out, pyodideFolder, pyscriptFolder, imports, root, ...files] = process.argv.slice(2);
const { loadPyodide, version } = await import(pathToFileURL(join(pyodideFolder, "pyodide.mjs")));
const pyodide = await loadPyodide({ _makeSnapshot: true, env: { HOME } });
const declared = pyodide._module.HEAP8.length;

for (const file of files) {
  pyodide.FS.mkdirTree(dirname(`${HOME}/${file}`));
  pyodide.FS.writeFile(`${HOME}/${file}`, readFileSync(join(root, file)));
}
writeTree(HOME, pyscriptPackage());
pyodide.runPython(`import ${imports}`);
pyodide.FS.writeFile("/lib/in_snapshot.py", readFileSync(new URL("in_snapshot.py", import.meta.url)));
pyodide.runPython(`
import sys
sys.path.append("/lib")
from in_snapshot import prepare
sys.path.remove("/lib")
sys.path_importer_cache.pop("/lib")
prepare("${HOME}")
del prepare, sys
import gc
gc.collect()
del gc
`);
// A page starts with the heap that the build declares, and cannot take in a larger one.
const grown = pyodide._module.HEAP8.length;
if (grown !== declared) {
  throw new Error(`the snapshot needs ${grown} bytes of memory, and Pyodide starts with ${declared}`);
}

// PyScript carries its Python package as an object of sources, which it writes to files in the page.
function pyscriptPackage() {
  for (const name of readdirSync(pyscriptFolder).filter((name) => /^core-.*\.js$/.test(name))) {
    const text = readFileSync(join(pyscriptFolder, name), "utf8");
    const start = text.indexOf('{pyscript:{"__init__.py":');
    if (start >= 0) return Function(`return ${literal(text, start)}`)();
  }
  return {};
}

// The text of the object literal that begins at `start`: braces inside strings do not count.
function literal(text, start) {
  const token = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}]/gs;
  token.lastIndex = start;
  for (let depth = 0, found; (found = token.exec(text)); ) {
    depth += { "{": 1, "}": -1 }[found[0]] ?? 0;
    if (depth === 0) return text.slice(start, token.lastIndex);
  }
  return "{}";
}

function writeTree(folder, tree) {
  pyodide.FS.mkdirTree(folder);
  for (const [name, entry] of Object.entries(tree)) {
    if (typeof entry === "string") pyodide.FS.writeFile(`${folder}/${name}`, entry);
    else writeTree(`${folder}/${name}`, entry);
  }
}

const snapshot = pyodide.makeMemorySnapshot();
const name = `${createHash("sha256").update(snapshot).digest("hex").slice(0, 16)}.bin`;
const about = { name, version, bytes: snapshot.length, sum: checksum(snapshot) };
writeFileSync(out, snapshot);
await compress(out, ["zst", "gz"], 12);
writeFileSync(`${out}.json`, JSON.stringify(about));
process.exit(0); // Node would wait for what the interpreter keeps open

// One word of every page of memory: the page in the browser does the same sum in no time.
function checksum(bytes) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = 0;
  for (let at = 0; at < words.length; at += 1024) sum = (Math.imul(sum, 31) + words[at]) >>> 0;
  return sum;
}
