"""What a snapshot holds besides imported modules: the app, and the code that starts a page.

This runs inside Pyodide: when the snapshot is made, and, restored with it, in each page. A page
whose files are the same uses the code that was compiled, and, where no file of the app has changed,
the modules that were run. Files that were edited are read as usual.
"""

import ast
import contextlib
import importlib
import random
import sys
from collections.abc import Generator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType
from zipimport import ZipImportError, zipimporter

from _pyodide import _base

_HTTP_PACKAGE = "/lib/pyodide_http.zip"
_IMPORTS = (
    *("ast", "asyncio", "base64", "bz2", "codeop", "glob", "html", "importlib.util", "inspect"),
    *("json", "logging", "lzma", "pathlib", "random", "shutil", "tempfile", "textwrap", "zipfile"),
    *("pyodide.code", "pyodide.ffi", "pyodide.webloop"),
)
"""What PyScript and Pyodide import in every page before the page's own code runs."""

_OF_PYODIDE = (
    "{}",
    "import importlib; importlib",
    "import __main__; __main__.__dict__",
    "import builtins; builtins.__dict__",
)
"""What Pyodide itself runs when it starts."""

_IMPORT_PYSCRIPT = "import pyscript as _pyscript\ndel _pyscript"


class Prepared(MetaPathFinder, Loader):
    """Finds and loads the modules of the snapshot; it is first in ``sys.meta_path``."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._sources: dict[str, tuple[Path, bytes]] = {}
        self._codes: dict[str, CodeType] = {}
        self._specs: dict[str, ModuleSpec] = {}
        self._modules: dict[str, ModuleType] = {}
        self._parents: set[str] = set()  # the packages that the kept modules are in
        self._unchanged: bool | None = None
        self._written: dict[str, bool] = {}  # by package

    def compile(self, name: str, path: Path) -> None:
        """Keep the code of the module ``name`` at ``path``. Raises SyntaxError."""
        source = path.read_bytes()
        code = compile(decode_source(source), str(path), "exec", dont_inherit=True)
        self._sources[name], self._codes[name] = (path, source), code
        self._specs[name] = self._spec(name, path)
        self._parents.add(name.rpartition(".")[0])

    def keep(self, modules: dict[str, ModuleType]) -> None:
        """Keep modules that were run, for a page whose files are the same."""
        for name in self._sources.keys() & modules.keys():
            module = self._modules[name] = modules[name]
            module.__loader__ = self

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module whose file has not changed, or None."""
        if name not in self._sources:
            is_ours = name in self._parents and not self._is_written(name)
            return self._namespace(name) if is_ours else None
        return self._specs[name] if self._is_same(name) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module that was already run, if no file of the app has changed."""
        if self._unchanged is None:
            self._unchanged = all(map(self._is_same, self._modules))
        return self._modules.get(spec.name) if self._unchanged else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, unless it was already run."""
        name = module.__name__
        if module is not self._modules.get(name):
            exec(self._codes[name], module.__dict__)

    def _spec(self, name: str, path: Path) -> ModuleSpec:
        is_package = path.name == "__init__.py"
        spec = ModuleSpec(name, self, origin=str(path), is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [str(path.parent)]
        return spec

    def _namespace(self, name: str) -> ModuleSpec:
        """Return how to load a package that has no file of its own, such as ``app``."""
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(self._home.joinpath(*name.split(".")))]
        return spec

    def get_source(self, name: str) -> str:
        """Return the source of a module, for tracebacks."""
        return decode_source(self._sources[name][1])

    def _is_written(self, name: str) -> bool:
        """Tell whether this page has files of the package that a module belongs to."""
        package = name.partition(".")[0]
        if package not in self._written:  # they are written before the first import, or never
            self._written[package] = (self._home / package).exists()
        return self._written[package]

    def _is_same(self, name: str) -> bool:
        """Tell whether a file is unchanged; it is, where the page has no file of its package."""
        path, source = self._sources[name]
        try:
            return not self._is_written(name) or path.read_bytes() == source
        except OSError:
            return False


class Compiled:
    """The code of texts that every page runs; replaces Pyodide's function that compiles."""

    def __init__(self) -> None:
        self._compile = _base._parse_and_compile_gen
        self._codes: dict[tuple[object, ...], CodeType] = {}
        self._instead: dict[str, str] = {}
        self._keeps = False
        _base._parse_and_compile_gen = self._parse_and_compile

    def keep(self, text: str, *, instead: str = "", flags: int = 0) -> None:
        """Compile `text`, or what a page runs `instead`, and keep the code. Raises SyntaxError."""
        if instead:
            self._instead[text] = instead
        self._keeps = True
        try:
            _base.CodeRunner(text, flags=flags).compile()
        finally:
            self._keeps = False

    def _parse_and_compile(
        self, text: str, **options: object
    ) -> Generator[ast.Module | None, ast.Module | None, CodeType]:
        text = self._instead.get(text, text)
        key = (text, *options.values())
        if key in self._codes:
            yield None  # the syntax tree, which nobody changes
            return self._codes.pop(key)  # a page starts once
        code = yield from self._compile(text, **options)
        if self._keeps:
            self._codes[key] = code
        return code


class HttpPackage(MetaPathFinder):
    """Finds pyodide_http in a zip that the page fetches when it is first read.

    It is last in ``sys.meta_path``: on ``sys.path`` each unknown name would fetch the file.
    """

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load the package, or None. Raises OSError where the file does not come."""
        if name != "pyodide_http":
            return None
        try:
            return zipimporter(_HTTP_PACKAGE).find_spec(name)
        except ZipImportError as error:  # an ImportError would say that the page has none
            raise OSError(f"{_HTTP_PACKAGE} could not be fetched.") from error


def prepare(home: str, modules: Sequence[str], prelude: str, script: str) -> str:
    """Import and compile what starts a page, and all that is in the folder `home`.

    Return why the app is not in the snapshot: a file is no Python or cannot be imported. The page
    then fetches the app's files and says what is wrong. Empty where the app is in the snapshot.

    Args:
        home: the page's working directory, with the app and PyScript's package. The page will
            fill it again.
        modules: the files of the app in it.
        prelude: what PyScript runs before any script: it writes that package, and imports it.
        script: the source of the page's script.
    """
    for name in _IMPORTS:
        importlib.import_module(name)
    prepared, compiled, fault = Prepared(Path(home)), Compiled(), ""
    try:
        for path in sorted(Path(home).rglob("*.py")):
            prepared.compile(_name_of(path.relative_to(home)), path)
        prepared.keep(_run([_name_of(Path(module)) for module in modules]))
    except Exception as error:
        fault, prepared = f"{type(error).__name__}: {error}", Prepared(Path(home))
    for text in _OF_PYODIDE:
        compiled.keep(text)
    if not fault:  # else PyScript's package is not kept either, and is to be written
        compiled.keep(prelude, instead=_IMPORT_PYSCRIPT, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.suppress(SyntaxError):
        compiled.keep(script, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    sys.path.remove("")  # Pyodide puts it there again
    for known in [known for known in sys.path_importer_cache if known.startswith(home)]:
        del sys.path_importer_cache[known]
    sys.meta_path.insert(0, prepared)
    sys.meta_path.append(HttpPackage())
    return fault


def _name_of(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _run(names: Sequence[str]) -> dict[str, ModuleType]:
    """Import modules, and return those that could be run here; none of them stays imported.

    A module that imports ``js`` is left out: it has to be run in the page, with the page's objects.
    """
    packages = {name.partition(".")[0] for name in names}
    sys.modules["js"] = None  # type: ignore[assignment]
    try:
        for name in names:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                if error.name != "js":
                    raise
    finally:
        del sys.modules["js"]
        found = [name for name in sys.modules if name.partition(".")[0] in packages]
        modules = {name: sys.modules.pop(name) for name in found}
    return modules


def begin() -> None:
    """Make a restored snapshot different from that of other pages.

    Every page starts with the same memory, and without this with the same random numbers. The seed
    of the hashes of str and bytes stays the same in all pages, since dictionaries hold hashes
    already: an attacker who can choose very many keys of one dictionary could make them collide.
    What Python reads once, at its start, stays that of the machine of set-up: ``time.timezone``,
    ``time.tzname`` and ``%Z``; ``datetime.astimezone()`` is the page's.
    """
    random.seed()
