"""The embedded server with the fixture, in every set-up that scenarios ask for."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from server.background import EmbeddedServer
from server.config import Config
from tests.contract.copying import copy
from tests.contract.fixtures import CUSTOM_USERS, MESSAGES, USERS, User
from tests.contract.scenarios import Setup
from tests.contract.seed import administrator, seed_rows, set_messages
from tests.support import plain_http

_PROJECT = Path(__file__).with_name("project.toml")
_CUSTOM = Path(__file__).with_name("custom.toml")
_UNITS = {"kb": 1024, "mb": 1024**2}


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def _bytes(text: str) -> int:
    return int(text[:-2]) * _UNITS[text[-2:].lower()]


def _flag(text: str) -> bool:
    return text == "true"


def _origin(text: str) -> bool | str | tuple[str, ...]:
    if text in ("true", "false"):
        return text == "true"
    return tuple(text.split(",")) if "," in text else text


# Directus' settings: the embedded server's name for each, and how its value is read.
_OPTIONS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "ACCESS_TOKEN_TTL": ("access_token_ttl", _seconds),
    "CORS_ENABLED": ("cors_enabled", _flag),
    "CORS_ORIGIN": ("cors_origin", _origin),
    "MAX_BATCH_MUTATION": ("max_batch_mutation", int),
    "MAX_PAYLOAD_SIZE": ("max_payload_size", _bytes),
    "PUBLIC_URL": ("public_url", str),
    "RATE_LIMITER_DURATION": ("rate_limiter_duration", _seconds),
    "RATE_LIMITER_ENABLED": ("rate_limiter_enabled", _flag),
    "RATE_LIMITER_POINTS": ("rate_limiter_points", int),
    "WEBSOCKETS_ENABLED": ("websockets", _flag),
    "WEBSOCKETS_HEARTBEAT_ENABLED": ("heartbeat_period", lambda text: None),
    "WEBSOCKETS_HEARTBEAT_PERIOD": ("heartbeat_period", _seconds),
    "WEBSOCKETS_REST_AUTH": ("auth", str),
    "WEBSOCKETS_REST_AUTH_TIMEOUT": ("auth_timeout", _seconds),
    "WEBSOCKETS_REST_CONN_LIMIT": ("websockets_rest_conn_limit", int),
    "WEBSOCKETS_REST_ENABLED": ("websockets_rest", _flag),
    "WEBSOCKETS_REST_PATH": ("websockets_rest_path", str),
}


def options(setup: Setup) -> dict[str, Any]:
    """Return Directus' settings as options of the embedded server."""
    return {
        option: read(value) for name, value in setup.settings for option, read in [_OPTIONS[name]]
    }


class Template:
    """The database that was made once, in every state that scenarios start from."""

    def __init__(self, folder: Path, *, custom: bool = False) -> None:
        """Make it in ``folder``; ``custom`` adds the users of the recording of permissions."""
        self._folder = folder
        self._project = folder / "project.toml"
        self._project.write_text(_PROJECT.read_text() + (_CUSTOM.read_text() if custom else ""))
        # Many that start at once would slow those that already play until their tokens expire.
        self._starting = threading.Lock()
        database = folder / "template.db"
        with EmbeddedServer(self.config(database)) as server:
            self.known = _ids(server.url, (*USERS, *(CUSTOM_USERS if custom else ())))
            with administrator(server.url) as http:
                seed_rows(http)
                for name in MESSAGES:
                    set_messages(http, name)
                    copy(database, self.saved(name))

    def saved(self, name: str) -> Path:
        """Return the database with those of MESSAGES."""
        return self._folder / f"{list(MESSAGES).index(name)}.db"

    def config(self, database: Path, **chosen: Any) -> Config:
        """Return the server's options; ``chosen`` are more of them."""
        # A login that takes half a second of a token's three is tight on a busy machine.
        chosen = {"login_stall_time": 0.0} | chosen
        return Config(database=database, project=self._project, **chosen)

    def launch(self, setup: Setup) -> "Embedded":
        """Return a running server with such settings and the fixture."""
        database = self._folder / f"{setup}.db".replace("/", "")
        with self._starting:
            return Embedded(self, database, options(setup))


class Embedded:
    """One server; its data is put back from outside, while it runs."""

    def __init__(self, template: Template, database: Path, chosen: Mapping[str, Any]) -> None:
        self._template = template
        self._database = database
        self.known: Mapping[Any, Any] = template.known
        self.restore("", administered=False)
        self._running = EmbeddedServer(template.config(database, **chosen)).start()
        self.url = self._running.url

    def restore(self, messages: str, *, administered: bool) -> None:
        """Put back all of the data."""
        copy(self._template.saved(messages), self._database)

    def terminate(self) -> None:
        """End it as SIGTERM does."""
        self._running.stop()

    def stop(self) -> None:
        """End it."""
        self._running.stop()


def _ids(url: str, users: Iterable[User]) -> dict[Any, Any]:
    """Return the users' ids by those that were recorded."""
    found = {}
    for user in users:
        headers = {"Authorization": f"Bearer {user.token}"}
        response = plain_http.get(f"{url}/users/me?fields=id", headers=headers)
        found[user.id] = response.json()["data"]["id"]
    return found
