"""What a snapshot holds besides imported modules: the app as it was, for as long as it stays so.

This runs inside Pyodide: when the snapshot is made, and, restored with it, in each page. A file of
the app that the page has fetched is compared with the one that the snapshot knows; the same source
gives the same code, so that it needs no compiling, and where no file of the SDK has changed its
modules need no running either. What has been edited is imported as ever.
"""

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType


class Prepared(MetaPathFinder, Loader):
    """Finds and loads modules out of the snapshot; stands first in ``sys.meta_path``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sources: dict[str, tuple[Path, bytes]] = {}
        self._codes: dict[str, CodeType] = {}
        self._modules: dict[str, ModuleType] = {}
        self._unchanged: bool | None = None

    def compile(self, name: str, path: Path) -> None:
        """Keep the code of the module ``name`` at ``path``."""
        source = path.read_bytes()
        self._sources[name] = (path, source)
        self._codes[name] = compile(decode_source(source), str(path), "exec", dont_inherit=True)

    def keep(self, package: str) -> None:
        """Keep the modules of ``package`` that are imported; nobody else has them from now on."""
        for name in [name for name in sys.modules if name.startswith(package)]:
            module = self._modules[name] = sys.modules.pop(name)
            module.__loader__ = self

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module whose file is the one that was kept, or None."""
        is_app = name == self._folder.name and name not in self._sources
        if is_app and not self._folder.exists():
            return self._namespace(name)
        if name not in self._sources or not self._is_same(name):
            return None
        path = self._sources[name][0]
        is_package = path.name == "__init__.py"
        spec = ModuleSpec(name, self, origin=str(path), is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [str(path.parent)]
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module that was run already, if all that was are as they were."""
        if self._unchanged is None:
            self._unchanged = all(map(self._is_same, self._modules))
        return self._modules.get(spec.name) if self._unchanged else None

    def exec_module(self, module: ModuleType) -> None:
        """Run it, unless it was."""
        name = module.__name__
        if module is not self._modules.get(name):
            exec(self._codes[name], module.__dict__)

    def _namespace(self, name: str) -> ModuleSpec:
        """Return the package without a file of its own that holds the page's modules."""
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [str(self._folder)]
        return spec

    def get_source(self, name: str) -> str:
        """Return the source of a module, for tracebacks."""
        return decode_source(self._sources[name][1])

    def _is_same(self, name: str) -> bool:
        """Return whether a file is as it was; a page that has fetched none has no other."""
        path, source = self._sources[name]
        if name.startswith("app.") and not self._folder.exists():
            return True
        try:
            return path.read_bytes() == source
        except OSError:
            return False


def prepare(folder: str) -> None:
    """Import and compile what is in ``folder``, which the page will fill again."""
    prepared = Prepared(Path(folder, "app"))
    for path in sorted(Path(folder).rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        prepared.compile(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path)
    exec("from app.directus import *", {})
    prepared.keep("app.")
    del sys.modules["app"]
    sys.path.remove("")  # Pyodide puts it there again
    for known in [known for known in sys.path_importer_cache if known.startswith(folder)]:
        del sys.path_importer_cache[known]
    sys.meta_path.insert(0, prepared)
