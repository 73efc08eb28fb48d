"""Who may import whom: the source is parsed and every import is held against the layers."""

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SDK = ROOT / "app" / "directus_realtime"
OURS = ("app", "directus_realtime", "server", "web", "tools", "serve", "benchmarks", "tests")

# The SDK's modules from the bottom up: each imports from the lines above its own only.
SDK_LAYERS = (
    ("errors", "types"),
    ("core",),
    ("checks", "transports.base", "transports.gathering"),
    ("transports.http",),
    ("transports.browser", "transports.native"),
    ("transports.platform",),
    ("callbacks",),
    ("tokens", "storage"),
    ("client", "diagnosis", "items", "keyed_query", "inbox", "recorder", "waiter"),
    ("partial_query", "changes", "pace"),
    ("static_token", "credentials", "login", "connector", "key_watch"),
    ("authentication", "rest", "row_reader", "driver"),
    ("shared_view",),
    ("shared_views",),
    ("live",),
    ("realtime",),
    ("",),
)
IMPURE = {"asyncio", "time", "socket", "threading", "selectors", "subprocess", "ssl"}
IO = IMPURE | {"os", "io", "sqlite3", "http", "urllib", "starlette", "uvicorn"}
PURE_SERVER = ("websocket.session", "realtime.hub", "query.query")
# The parts of the page's view from the bottom up, as above.
VIEW = (
    *("faults", "rows", "unread", "messages", "changes"),
    *("signing", "status", "waiting", "sending"),
)
# The server's folders and files from the bottom up: each imports from itself and the lines above.
SERVER_LAYERS = (
    ("errors", "config", "limiter", "log_limit", "project"),
    ("parsing", "cors", "toml_values"),
    ("frames", "query"),
    ("database", "project_file"),
    ("auth",),
    ("items",),
    ("realtime",),
    ("websocket", "rest", "relay"),
    ("hosts",),
    ("assembly",),
    ("app",),
    ("background",),
)
PACKAGES = ("app/directus_realtime", "server", "web", "tools", "benchmarks")


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    below = ROOT / "app" if path.is_relative_to(SDK) else ROOT
    parts = path.relative_to(below).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module: str) -> Path | None:
    """The file of one of our modules; None for a package without __init__ and for anything else."""
    folder = ROOT / "app" if top(module) == "directus_realtime" else ROOT
    base = folder.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


@cache
def imports(path: Path, *, deferred: bool = True) -> frozenset[str]:
    """The modules that a file imports; without those inside functions, if not `deferred`."""
    found: set[str] = set()
    for node in nodes(ast.parse(path.read_text(encoding="utf-8")), deferred):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(imported_from(path, node))
    return frozenset(found)


def nodes(tree: ast.AST, deferred: bool) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if deferred or not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from nodes(child, deferred)


def imported_from(path: Path, node: ast.ImportFrom) -> Iterator[str]:
    name = name_of(path)
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *filter(None, [node.module])])
    for alias in node.names:
        submodule = f"{base}.{alias.name}"
        ours = base.split(".")[0] in OURS
        yield submodule if ours and path_of(submodule) else base


def top(module: str) -> str:
    return module.split(".")[0]


def ours(modules: Iterable[str]) -> set[str]:
    return {module for module in modules if top(module) in OURS}


def layer_of(module: str) -> int:
    """The place of a module of the SDK in SDK_LAYERS."""
    inner = module.removeprefix("directus_realtime").removeprefix(".")
    for number, names in enumerate(SDK_LAYERS):
        if inner in names or inner.split(".")[0] in names:
            return number
    raise AssertionError(f"{module} needs a place in SDK_LAYERS")


@pytest.mark.parametrize("path", sources("app/directus_realtime"), ids=name_of)
def test_sdk_imports_downwards(path: Path) -> None:
    name = name_of(path)
    if name in ("directus_realtime.core", "directus_realtime.transports"):
        assert not imports(path)
        return
    for module in ours(imports(path)):
        assert module.startswith("directus_realtime.")
        inside_core = layer_of(module) == layer_of(name) == layer_of("directus_realtime.core")
        assert layer_of(module) < layer_of(name) or inside_core, module


@pytest.mark.parametrize("path", sources("app/directus_realtime/core"), ids=name_of)
def test_core_imports_the_pure_standard_library_only(path: Path) -> None:
    others = {top(module) for module in imports(path)} - set(OURS)
    assert others <= sys.stdlib_module_names - IMPURE


@pytest.mark.parametrize("path", sources("app/directus_realtime"), ids=name_of)
def test_sdk_touches_the_browser_and_the_network_in_one_file_each(path: Path) -> None:
    outside = {top(module) for module in imports(path)} - sys.stdlib_module_names - set(OURS)
    theirs = {"browser": {"js", "pyodide", "pyodide_http"}, "native": {"websockets"}}
    assert outside <= theirs.get(path.stem, set())


def test_no_imports_go_in_a_circle() -> None:
    paths = [ROOT / "serve.py", *(path for package in PACKAGES for path in sources(package))]
    graph = {name_of(path): ours(imports(path)) - {name_of(path)} for path in paths}
    while leaves := [name for name, found in graph.items() if not found & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph


@pytest.mark.parametrize("folder", OURS[2:])
def test_nobody_imports_the_sdk_by_its_place(folder: str) -> None:
    """It would be a second copy of every class."""
    for path in [ROOT / f"{folder}.py", *sources(folder)]:
        if path.exists():
            assert not any(module.startswith("app.directus") for module in imports(path)), path


def test_app_imports_the_sdks_public_names_only() -> None:
    main = {"app", "app.page", "app.console", "app.devtools", "app.login", "app.settings"}
    main |= {"directus_realtime"}
    below: set[str] = set()
    allowed = {"main": main, "settings": below, "console": below, "functions": below}
    allowed["devtools"] = {"app.console", "app.functions", "directus_realtime"}
    for name in VIEW:
        allowed[name] = below | {"app.view"}
        below |= {f"app.view.{name}"}
    allowed["page"] = below | {"app.view"}
    allowed["login"] = {"app", "app.page", "directus_realtime"}
    for path in [*(ROOT / "app").glob("*.py"), *sources("app/view")]:
        assert ours(iter(named(path))) <= allowed[path.stem], path.stem


def named(path: Path) -> set[str]:
    """The modules that a file names; those of `from directus_realtime import realtime` are one."""
    found = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {a.name for node in found if isinstance(node, ast.Import) for a in node.names}
    return plain | {node.module or "." for node in found if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize(
    "path", sources("examples"), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_examples_use_the_sdk_as_anybodys_page_does(path: Path) -> None:
    """What they import is Python's, PyScript's, the SDK's public names, or beside them."""
    beside = {each.stem for each in path.parent.glob("*.py")}
    outside = {"directus_realtime", "js", "pyodide.ffi", "pyscript"}
    others = {module for module in named(path) if top(module) not in sys.stdlib_module_names}
    assert others <= outside | beside


@pytest.mark.parametrize(
    "folder", sorted((ROOT / "examples").iterdir()), ids=lambda path: path.name
)
def test_an_example_lists_what_its_page_fetches(folder: Path) -> None:
    settings = tomllib.loads((folder / "pyscript.toml").read_text(encoding="utf-8"))
    modules = {path.name: path.name for path in folder.glob("*.py") if path.name != "main.py"}
    assert settings["files"] == {"directus_realtime.zip": "./*", **modules}


@pytest.mark.parametrize("path", sources("server"), ids=lambda path: path.stem)
def test_server_imports_itself_and_the_wire(path: Path) -> None:
    strangers = {module for module in ours(imports(path)) if top(module) != "server"}
    assert strangers <= {"directus_realtime.core.codec"}


@pytest.mark.parametrize("path", sources("server"), ids=name_of)
def test_servers_folders_import_downwards(path: Path) -> None:
    place = {name: number for number, names in enumerate(SERVER_LAYERS) for name in names}
    own = name_of(path).partition(".")[2].split(".")[0]
    for module in ours(imports(path)):
        other = module.partition(".")[2].split(".")[0]
        if top(module) == "server" and other != own:
            assert place[other] < place[own], module


@pytest.mark.parametrize("name", PURE_SERVER)
def test_pure_server_modules_reach_no_io(name: str) -> None:
    assert not {top(module) for module in reached(f"server.{name}")} & IO


@pytest.mark.parametrize("path", sources("web"), ids=name_of)
def test_web_imports_itself_and_the_codec(path: Path) -> None:
    strangers = {module for module in ours(imports(path)) if top(module) != "web"}
    assert strangers <= {"directus_realtime.core.codec"}


@pytest.mark.parametrize("path", sources("tools"), ids=name_of)
def test_tools_import_themselves_and_the_configs_of_server_and_web(path: Path) -> None:
    """What a command runs after set-up, it imports then: `deferred` is inside a function."""
    strangers = {module for module in ours(imports(path, deferred=False)) if top(module) != "tools"}
    assert strangers <= {"server.config", "web.config", "app.settings"}
    others = ours(imports(path)) - {"app.settings"}
    assert {top(module) for module in others} <= {"tools", "server", "web"}


def test_command_line_imports_tools() -> None:
    assert {top(module) for module in ours(imports(ROOT / "serve.py"))} == {"tools"}


@pytest.mark.parametrize("path", sources("benchmarks"), ids=name_of)
def test_benchmarks_import_no_tests(path: Path) -> None:
    assert "tests" not in map(top, imports(path))


@pytest.mark.parametrize("start", [ROOT / "serve.py", ROOT / "tests" / "__main__.py"], ids=name_of)
def test_what_runs_before_set_up_needs_the_standard_library_only(start: Path) -> None:
    outside = {top(module) for found in imports(start) for module in reached(found)} - set(OURS)
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
            parents = [] if top(current) == "directus_realtime" else [current.rpartition(".")[0]]
            waiting += [*filter(None, parents), *imports(path, deferred=False)]
    return seen


def test_configuration_lists_exactly_the_apps_files() -> None:
    listed = tomllib.loads((ROOT / "pyscript.toml").read_text(encoding="utf-8"))["files"]
    modules = {path.relative_to(ROOT).as_posix() for path in sources("app")}
    # The page's script tag brings the first, and no browser imports the second.
    modules -= {"app/main.py", "app/directus_realtime/transports/native.py"}
    assert listed == {path: path.replace("app/directus_", "directus_") for path in modules}
