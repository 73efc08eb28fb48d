"""The options of a server. Standard library only, so that any tool may import it."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

AuthMode = Literal["public", "handshake", "strict"]
"""Who may open a socket, and when they say who they are: ``WEBSOCKETS_REST_AUTH``."""

State = tuple[int, int]
"""When a file was changed, and its size."""


def npm_runtime(root: Path) -> dict[str, Path]:
    """Return where set-up puts the runtime under ``root``, by its NAME in ``/runtime/NAME``.

    ``start`` is the snapshot of Python's memory; it may be missing.
    """
    modules = root / "node_modules"
    return {
        "pyscript": modules / "@pyscript" / "core" / "dist",
        "pyodide": modules / "pyodide",
        "start": root / ".setup" / "start",
    }


def page_files(root: Path) -> dict[str, str]:
    """Return the files that pyscript.toml lists, each with the path that the page gives it.

    Empty if it cannot be read; an entry that is no path is left out.
    """
    return {name: target for name, target in _listed(root).items() if isinstance(target, str)}


def page_digest(root: Path) -> str:
    """Return what changes with the Python modules that pyscript.toml lists.

    Empty where it lists anything else, such as data or a folder: a snapshot of Python's memory
    holds modules, and no files.
    """
    found = hashlib.sha256()
    for name, target in _listed(root).items():
        path = root / name
        is_module = isinstance(target, str) and target.endswith(".py")
        if not is_module or path.suffix != ".py" or not path.is_file():
            return ""
        found.update(f"\n{target} ".encode() + digest_of(path, state_of(path)))
    return found.hexdigest()


def _listed(root: Path) -> dict[str, object]:
    try:
        return dict(_files_of((root / "pyscript.toml").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=16)
def _files_of(settings: str) -> dict[str, object]:
    """Return the table ``[files]`` of a pyscript.toml. Raises ValueError."""
    files = tomllib.loads(settings).get("files", {})
    return files if isinstance(files, dict) else {}


def state_of(path: Path) -> State:
    """Return what changes with a file. Raises FileNotFoundError."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=1024)
def digest_of(path: Path, _state: State) -> bytes:
    """Return the digest of a file's content, which is looked at once for each state of it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The options of one server, with Directus' defaults and its variables' names."""

    root: Path
    """The checkout whose page is served: index.html, pyscript.toml and app/."""

    database: Path
    """The SQLite file, made at the first start: ``DB_FILENAME``."""

    project: Path | None = None
    """The TOML file that says what is served. None: the guide's, ``server/guide.toml``."""

    token: str = "your_access_token"
    """The static token of the guide's user, set at each start. Empty: the user has none."""

    page: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    """What stands in for values of the ``[directus]`` table of the pyscript.toml that is served."""

    directus: str | None = None
    """The Directus whose endpoints are relayed, by its address. Empty: the page alone is served,
    and connects elsewhere. None: this server is the Directus."""

    runtime: Mapping[str, Path] | None = None
    """Folders served under ``/runtime/NAME``. None: npm's, see :func:`npm_runtime`."""

    auth: AuthMode = "handshake"
    """``WEBSOCKETS_REST_AUTH``."""

    auth_timeout: float = 10.0
    """Seconds for the authentication: ``WEBSOCKETS_REST_AUTH_TIMEOUT``."""

    websockets: bool = True
    """``WEBSOCKETS_ENABLED``."""

    websockets_rest: bool = True
    """``WEBSOCKETS_REST_ENABLED``."""

    websockets_rest_path: str = "/websocket"
    """``WEBSOCKETS_REST_PATH``."""

    websockets_rest_conn_limit: int | None = None
    """Authenticated connections at a time: ``WEBSOCKETS_REST_CONN_LIMIT``. None: any number."""

    access_token_ttl: float = 900.0
    """Seconds until a login's access token expires: ``ACCESS_TOKEN_TTL``."""

    refresh_token_ttl: float = 604_800.0
    """Seconds until its refresh token expires: ``REFRESH_TOKEN_TTL``."""

    login_stall_time: float = 0.5
    """The least seconds that a login takes, successful or not: ``LOGIN_STALL_TIME``."""

    cors_enabled: bool = False
    """Whether pages of other origins are allowed: ``CORS_ENABLED``."""

    cors_origin: bool | str | tuple[str, ...] = False
    """The allowed origins; True for all: ``CORS_ORIGIN``."""

    public_url: str = ""
    """The address of this server behind a proxy; its pages have the same origin: ``PUBLIC_URL``."""

    rate_limiter_enabled: bool = False
    """``RATE_LIMITER_ENABLED``: the limit is per connection on a socket, per address by REST."""

    rate_limiter_points: int = 50
    """Requests in a window: ``RATE_LIMITER_POINTS``."""

    rate_limiter_duration: float = 1.0
    """Seconds of a window: ``RATE_LIMITER_DURATION``."""

    heartbeat_period: float | None = 30.0
    """Seconds between pings: ``WEBSOCKETS_HEARTBEAT_PERIOD``. None: no pings and no pongs."""

    query_limit_default: int = 100
    """Rows of a read without a limit: ``QUERY_LIMIT_DEFAULT``."""

    query_limit_max: int | None = None
    """The highest limit of a read: ``QUERY_LIMIT_MAX``. None: any."""

    max_batch_mutation: int | None = None
    """The most items that one request may write: ``MAX_BATCH_MUTATION``. None: any number."""

    max_payload_size: int = 1_048_576
    """The most bytes of a request's body (not of a frame): ``MAX_PAYLOAD_SIZE``."""

    send_queue: int = 16_777_216
    """Characters that may wait for a client that reads slowly; with more, it is dropped."""
