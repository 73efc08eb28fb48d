"""What a server is told at its start. Standard library only, so that any tool may import it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

AuthMode = Literal["public", "handshake", "strict"]
"""Who may open a socket, and when they say who they are: ``WEBSOCKETS_REST_AUTH``."""


def npm_runtime(root: Path) -> dict[str, Path]:
    """Return where npm puts the runtime under ``root``, by its NAME in ``/runtime/NAME``."""
    modules = root / "node_modules"
    return {"pyscript": modules / "@pyscript" / "core" / "dist", "pyodide": modules / "pyodide"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The options of one server, with Directus' defaults and its variables' names."""

    root: Path
    """The checkout whose page is served: index.html, pyscript.toml and app/."""

    database: Path
    """The SQLite file, made at the first start: ``DB_FILENAME``."""

    token: str = "your_access_token"
    """The static token of the guide's user, made so at each start. Empty: nobody has one."""

    page: Mapping[str, str | bool | int | float] = field(default_factory=dict)
    """What stands in for values of the ``[directus]`` table of the pyscript.toml that is served."""

    runtime: Mapping[str, Path] | None = None
    """Folders served under ``/runtime/NAME``. None: npm's, see :func:`npm_runtime`."""

    auth: AuthMode = "handshake"
    """``WEBSOCKETS_REST_AUTH``."""

    auth_timeout: float = 10.0
    """Seconds to authenticate in: ``WEBSOCKETS_REST_AUTH_TIMEOUT``."""

    heartbeat_period: float | None = 30.0
    """Seconds between pings: ``WEBSOCKETS_HEARTBEAT_PERIOD``. None: no pings and no pongs."""

    query_limit_default: int = 100
    """Rows of a read that names no limit: ``QUERY_LIMIT_DEFAULT``."""

    query_limit_max: int | None = None
    """Rows that a read may ask for: ``QUERY_LIMIT_MAX``. None: any number."""

    max_batch_mutation: int | None = None
    """Items that one request may write: ``MAX_BATCH_MUTATION``. None: any number."""

    max_payload_size: int = 1_048_576
    """Bytes of a request's body, not of a frame: ``MAX_PAYLOAD_SIZE``."""

    send_queue: int = 16_777_216
    """Characters that may wait for a slow reader before its connection is dropped."""
