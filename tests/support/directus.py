"""Real Directus servers for the tests, set up by our own provisioning."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support import plain_http
from tests.support.embedded import TOKEN, Embedded, free_port
from tools.directus_admin import DirectusAdmin
from tools.local_directus import ADMIN_TOKEN, LocalDirectus
from tools.provision import provision

INSTALL = Path(os.environ.get("DIRECTUS_INSTALL", ""))
"""Where the Directus is installed that the tests run on."""


def version() -> tuple[int, ...]:
    """Return its version, as (12, 4, 0)."""
    package = json.loads((INSTALL / "package.json").read_text(encoding="utf-8"))
    return tuple(map(int, package["dependencies"]["directus"].split(".")))


class Node(LocalDirectus):
    """One Directus on a free port; `token` is that of the guide's user once it is provisioned."""

    def __init__(self, install: Path, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        super().__init__(install, folder, port=self.port, env=env)
        self.token = TOKEN
        self.admin = plain_http.client(
            base_url=self.url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=30
        )

    def restart(self) -> None:
        """End it as a service manager does, and start it again where it was."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop it where it is with SIGSTOP, until it is resumed."""
        assert self._process is not None, "Directus does not run"
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None, "Directus does not run"
        self._process.send_signal(signal.SIGCONT)

    def connect(self) -> DirectusAdmin:
        """Return a way to it with an administrator's rights."""
        admin = DirectusAdmin(self.url)
        admin.identify(ADMIN_TOKEN)
        return admin

    def provision(self) -> None:
        """Make the guide's project, and give its user our token."""
        with self.connect() as admin:
            provision(admin, lambda what: None, new_token=True, token=self.token)

    def clear(self) -> None:
        """Delete all messages."""
        everything = {"query": {"limit": -1}}
        self.admin.request("DELETE", "/items/messages", json=everything).raise_for_status()

    def close(self) -> None:
        """End it and the client for its administrator."""
        self.kill()
        self.admin.close()


class Relayed:
    """The page served by us, with a relay to a Directus that a test can kill and restart."""

    def __init__(self, node: Node, url: str, folder: Path) -> None:
        self._node = node
        self._server = Embedded(folder, "--directus", url, "--token", node.token).start()
        self.url = self._server.url

    def kill(self) -> None:
        """Kill Directus."""
        self._node.kill()

    def start(self) -> None:
        """Start Directus again."""
        self._node.start()

    def close(self) -> None:
        """End what serves the page."""
        self._server.stop()


@dataclass(frozen=True)
class Cluster:
    """Two nodes that share a database and a Redis."""

    a: Node
    b: Node
