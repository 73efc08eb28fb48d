// PyScript's core holds its Python package as an object of sources. Before a page's first script it
// runs a text that writes them to files and imports them; both are made here from what is installed.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Return the package, a tree of sources by name; empty if this PyScript stores it otherwise. */
export function pyscriptPackage(folder) {
  for (const name of readdirSync(folder).filter((name) => /^core-.*\.js$/.test(name))) {
    const text = readFileSync(join(folder, name), "utf8");
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

/** Return the text that PyScript runs to write that package, exactly: it is the key of its code. */
export function prelude(tree) {
  const lines = ["import os as _os", "from pathlib import Path as _Path", "_path = None"];
  lines.push(...written(".", tree), "import pyscript as _pyscript");
  lines.push(...["_Path", "_path", "_os", "_pyscript"].map((name) => `del ${name}`), "\n");
  return lines.join("\n");
}

function written(folder, tree) {
  return Object.entries(tree).flatMap(([name, entry]) => {
    const path = `${folder}/${name}`;
    const lines = [`_path = _Path("${path}")`];
    if (typeof entry === "string") {
      return [...lines, `_path.write_text(${JSON.stringify(entry)},encoding="utf-8")`];
    }
    lines.push(`if not _os.path.exists("${path}"):`);
    return [...lines, "    _path.mkdir(parents=True, exist_ok=True)", ...written(path, entry)];
  });
}
