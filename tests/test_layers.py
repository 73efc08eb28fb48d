"""Who may import whom: the source is parsed and every import is held against the layers."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("app", "server", "tools", "serve", "benchmarks", "tests")

CORE = {
    "protocol",
    "states",
    "recovery",
    "renewal",
    "outbox",
    "subscription",
    "events",
    "messages",
    "errors",
}
# Of each SDK module above the core: what it may import besides the core.
SDK = {
    "client": set[str](),
    "items": set[str](),
    "transport": set[str](),
    "http": {"transport"},
    "browser": {"http", "transport"},
    "native": {"http", "transport"},
    "static_token": {"client"},
    "credentials": {"client", "transport"},
    "login": {"client", "transport"},
    "authentication": {"client", "login", "transport"},
    "rest": {"client", "transport"},
    "explain": {"transport"},
    "driver": {"client", "explain", "transport"},
    "realtime": {"client", "driver", "items", "live"},
    "live": {"items"},
    "__init__": {
        "authentication",
        "client",
        "credentials",
        "items",
        "live",
        "realtime",
        "rest",
        "static_token",
        "transport",
    },
}
IMPURE = {"asyncio", "time", "socket", "threading", "selectors", "subprocess", "ssl"}
IO = IMPURE | {"os", "io", "sqlite3", "http", "urllib", "starlette", "uvicorn"}
PURE_SERVER = ("session", "hub", "query")
# What is written to a folder is what would be served.
TOOLS_OF_THE_SERVER = {"build": {"server.pages", "server.packed"}}
BEFORE_SET_UP = ("tools.address", "tools.environment", "tools.listening", "tools.settings")


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path | None:
    """The file of one of our modules; None for a package without __init__ and for anything else."""
    base = ROOT.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


def imports(path: Path, *, deferred: bool = True) -> Iterator[str]:
    """The modules that a file imports; without those inside functions, if not `deferred`."""
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), deferred):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from imported_from(path, node)


def nodes(tree: ast.AST, deferred: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if deferred or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from nodes(child, deferred)


def imported_from(path: Path, node: ast.ImportFrom) -> Iterator[str]:
    package = list(path.relative_to(ROOT).parts[:-1])
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *filter(None, [node.module])])
    for alias in node.names:
        submodule = f"{base}.{alias.name}"
        ours = base.split(".")[0] in OURS
        yield submodule if ours and path_of(submodule) else base


def top(module: str) -> str:
    return module.split(".")[0]


def ours(modules: Iterator[str]) -> set[str]:
    return {module for module in modules if top(module) in OURS}


@pytest.mark.parametrize("name", sorted(CORE))
def test_core_imports_itself_and_the_pure_standard_library(name: str) -> None:
    found = set(imports(ROOT / "app" / "directus" / f"{name}.py"))
    others = {module for module in found if top(module) not in OURS}
    assert ours(iter(found)) <= {f"app.directus.{other}" for other in CORE}
    assert {top(module) for module in others} <= sys.stdlib_module_names - IMPURE


@pytest.mark.parametrize("path", sources("app/directus"), ids=lambda path: path.stem)
def test_sdk_imports_downwards(path: Path) -> None:
    if path.stem in CORE:
        return
    assert path.stem in SDK, "a new module of the SDK needs a place in the layers"
    allowed = {f"app.directus.{name}" for name in CORE | SDK[path.stem]}
    assert ours(imports(path, deferred=False)) <= allowed
    late = ours(imports(path)) - allowed
    chosen_when_called = {"app.directus.browser", "app.directus.native"}
    assert late <= (chosen_when_called if path.stem == "transport" else set())


@pytest.mark.parametrize("path", sources("app/directus"), ids=lambda path: path.stem)
def test_sdk_touches_the_browser_and_the_network_in_one_file_each(path: Path) -> None:
    outside = {top(module) for module in imports(path)} - sys.stdlib_module_names - {"app"}
    theirs = {"browser": {"js", "pyodide", "pyodide_http"}, "native": {"websockets"}}
    assert outside <= theirs.get(path.stem, set())


def test_app_imports_the_sdks_public_names_only() -> None:
    allowed = {"main": {"app", "app.page", "app.console", "app.directus"}}
    for path in (ROOT / "app").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        plain = {
            a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
        }
        bases = {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert ours(iter(plain | bases)) <= allowed.get(path.stem, set()), path.stem


@pytest.mark.parametrize("path", sources("server"), ids=lambda path: path.stem)
def test_server_imports_itself_and_the_wire(path: Path) -> None:
    strangers = {module for module in ours(imports(path)) if top(module) != "server"}
    assert strangers <= {"app.directus.messages"}


@pytest.mark.parametrize("name", PURE_SERVER)
def test_pure_server_modules_reach_no_io(name: str) -> None:
    assert not {top(module) for module in reached(f"server.{name}")} & IO


@pytest.mark.parametrize("path", sources("tools"), ids=lambda path: path.stem)
def test_tools_import_themselves_and_the_servers_config(path: Path) -> None:
    strangers = {module for module in ours(imports(path)) if top(module) != "tools"}
    assert strangers <= {"server.config"} | TOOLS_OF_THE_SERVER.get(path.stem, set())


def test_command_line_imports_server_and_tools() -> None:
    assert {top(module) for module in ours(imports(ROOT / "serve.py"))} <= {"server", "tools"}


@pytest.mark.parametrize("name", BEFORE_SET_UP)
def test_what_runs_before_set_up_needs_the_standard_library_only(name: str) -> None:
    outside = {top(module) for module in reached(name)} - set(OURS)
    assert outside <= sys.stdlib_module_names


def reached(module: str) -> set[str]:
    """All that importing one of our modules imports, by way of our own modules."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        path = path_of(current)
        if top(current) in OURS and path is not None:
            # The server takes one module of the SDK, not the package's face with all behind it.
            parents = [top(current)] if top(current) != "app" else []
            waiting += [*parents, *imports(path, deferred=False)]
    return seen


def test_configuration_lists_exactly_the_apps_files() -> None:
    listed = tomllib.loads((ROOT / "pyscript.toml").read_text(encoding="utf-8"))["files"]
    modules = {path.relative_to(ROOT).as_posix() for path in sources("app")}
    # The page's script tag brings the first, and no browser imports the second.
    modules -= {"app/main.py", "app/directus/native.py"}
    assert {path: target for path, target in listed.items() if path.startswith("app/")} == {
        path: path for path in modules
    }
