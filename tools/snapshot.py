"""The set-up task that makes the snapshot of Python's memory, which pages start from.

It is good for one build of Pyodide and holds the app as it is; its key names all that it is made
of. What of the app is edited later is imported the usual way, until the next set-up.
"""

import json
import os
import shutil
from pathlib import Path

from tools import npm
from tools.stamps import digest, is_stamped, stamp
from tools.steps import Steps, megabytes, size_of
from web.config import SNAPSHOT, page_digest, page_files, page_script, runtime_folders


class Snapshot:
    """The snapshot of a checkout, and the file that describes it."""

    def __init__(self, root: Path, packages: Path) -> None:
        """Describe the snapshot of the checkout at `root`; Node is among the Python `packages`."""
        self._root = root
        self._packages = packages
        self._runtime = runtime_folders(root)
        self._folder = self._runtime["start"]
        self._stamp = self._folder / "snapshot.stamp"

    def is_current(self) -> bool:
        """Tell whether it was made by this code from this Pyodide and this app."""
        return is_stamped(self._stamp, self._key)

    def install(self, steps: Steps) -> None:
        """Make it anew; pages use the old one until it is there. Raises SetupError.

        Where it does not hold the app, a printed sentence says so and why.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._stamp.unlink(missing_ok=True)
        draft = self._folder / "new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        steps.run(
            "Python's start (a snapshot)",
            [npm.node(self._packages), str(SNAPSHOT / "make.mjs"), json.dumps(self._order(draft))],
            progress=lambda log: megabytes(size_of(draft)),
        )
        about = json.loads((draft / "snapshot.json").read_text(encoding="ascii"))
        self._publish(draft)
        stamp(self._stamp, self._key)
        if not about["app"]:
            fault = about["fault"] or "[files] lists what is no Python module"
            print(f"The snapshot does not hold the app, so the page starts slower: {fault}.")

    def _order(self, draft: Path) -> dict[str, object]:
        """Return what the Node script is told."""
        script = self._script
        return {
            "out": str(draft),
            "pyodide": str(self._runtime["pyodide"]),
            "pyscript": str(self._runtime["pyscript"]),
            "modules": {str(self._root / name): target for name, target in self._modules.items()},
            "script": str(script) if script else None,
            # Taken before the files are read: an edit in between makes it differ.
            "app": page_digest(self._root),
        }

    def _publish(self, draft: Path) -> None:
        """Put what was made in place of the old snapshot."""
        new = sorted(draft.iterdir())
        for path in new:  # the description comes last
            os.replace(path, self._folder / path.name)
        draft.rmdir()
        for old in set(self._folder.glob("*.bin*")) - {self._folder / path.name for path in new}:
            old.unlink()

    @property
    def _modules(self) -> dict[str, str]:
        """The app's modules and their paths in the page, which itself says that one is missing."""
        return {
            name: target
            for name, target in page_files(self._root).items()
            if target.endswith(".py") and (self._root / name).is_file()
        }

    @property
    def _script(self) -> Path | None:
        name = page_script(self._root)
        return self._root / name if name and (self._root / name).is_file() else None

    @property
    def _key(self) -> str:
        paths = [self._root / name for name in ("package-lock.json", *self._modules)]
        paths += [self._script] if self._script else []
        paths += [Path(__file__), *sorted(SNAPSHOT.glob("*.*"))]
        targets = json.dumps(list(self._modules.values())).encode()
        return digest(targets, *(path.read_bytes() for path in paths))
