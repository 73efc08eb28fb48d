"""A real Directus with the fixture, in every set-up that scenarios ask for."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.contract.bindings import ADMIN
from tests.contract.copying import copy
from tests.contract.fixtures import MESSAGES, USERS, User
from tests.contract.scenarios import EMPTY, Setup
from tests.contract.seed import administrator, seed, set_messages
from tests.support.embedded import free_port
from tools.local_directus import LocalDirectus


class Template:
    """A Directus that was made once, with its data in every state that scenarios start from."""

    def __init__(self, install: Path, folder: Path, users: Iterable[User] = USERS) -> None:
        self._install = install
        self._folder = folder
        self._home = folder / "home"
        self._home.mkdir()
        process = self._process(self._home, free_port(), {})
        process.start()
        try:
            self._save(EMPTY)
            with administrator(process.url) as http:
                seed(http, users)
                for name in MESSAGES:
                    set_messages(http, name)
                    self._save(name)
        finally:
            process.stop()

    def launch(self, setup: Setup) -> "Directus":
        """Return a running server with such settings and the fixture, if that is wanted."""
        home = Path(tempfile.mkdtemp(dir=self._folder))
        shutil.copytree(self._home, home, dirs_exist_ok=True)
        process = self._process(home, free_port(), dict(setup.settings))
        return Directus(self, process, _database(home), empty=setup.alone == EMPTY)

    def saved(self, name: str) -> Path:
        """Return the database with those of MESSAGES, or that without the fixture."""
        return self._folder / f"{[EMPTY, *MESSAGES].index(name)}.db"

    def _save(self, name: str) -> None:
        copy(_database(self._home), self.saved(name))

    def _process(self, home: Path, port: int, settings: Mapping[str, str]) -> LocalDirectus:
        # The recording logs in as the administrator, by the password that was its own.
        own = {"DB_FILENAME": str(_database(home)), "ADMIN_PASSWORD": ADMIN["password"]}
        # A login that takes half a second of a token's three is tight on a busy machine.
        own["LOGIN_STALL_TIME"] = "0"
        return LocalDirectus(self._install, home, port=port, env=own | dict(settings))


class Directus:
    """One server; its data is put back from outside, while it runs."""

    known: Mapping[Any, Any] = {}  # users and policies were made with the recorded ids

    def __init__(
        self, template: Template, process: LocalDirectus, database: Path, *, empty: bool
    ) -> None:
        self._template = template
        self._process = process
        self._database = database
        self._empty = empty
        self.url = process.url
        self.restore("", administered=False)
        process.start()

    def restore(self, messages: str, *, administered: bool) -> None:
        """Put back all of the data; what Directus keeps in memory are permissions and the like."""
        copy(self._template.saved(EMPTY if self._empty else messages), self._database)
        if administered:
            with administrator(self.url) as http:
                http.post("/utils/cache/clear?system").raise_for_status()

    def terminate(self) -> None:
        """Send it SIGTERM."""
        self._process.stop()

    def stop(self) -> None:
        """End it at once: nothing of it is needed any more."""
        self._process.kill()


def _database(home: Path) -> Path:
    return home / "contract.db"
