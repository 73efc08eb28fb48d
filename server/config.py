"""The options of a server. Standard library only, so that any tool may import it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

AuthMode = Literal["public", "handshake", "strict"]
"""Who may open a socket, and when they say who they are: ``WEBSOCKETS_REST_AUTH``."""


MAX_JSON_DEPTH = 100
"""Levels of JSON that a client sends. Directus has no limit: deep JSON ends its process."""

MAX_JSON_VALUES = 50_000
"""Values in one frame, body, filter or JSON field. Directus has no limit."""

MAX_QUERY_NAMES = 1_000
"""Names in ``fields``, and in ``sort``. Directus has no limit."""

MAX_RELATED = 50
"""Related rows for each row of a query, as far as they are different. Directus has no limit; SQLite
joins at most 64 tables."""

MAX_RELATED_SORT = 50
"""Names in a sort where rows are related. Directus has no limit; SQLite 3.40 ends the process where
it sorts joined tables by 64 terms or more."""

MAX_LIKE_PATTERN = 1_000
"""Characters that ``_contains`` and its like, and a search, may look for. Directus has no limit."""

MAX_READ_TIME = 2.0
"""Seconds of CPU time that the statements of one read may take. Directus has no limit."""

MAX_VIEW_TIME = 0.1
"""Seconds of CPU time that the statements for a view of an event may take; Directus has none."""

MAX_CLIENT_VIEW_TIME = 0.2
"""Seconds of CPU time that all views of an event for one client may take; Directus has none."""

MAX_WRITE_TIME = 1.0
"""Seconds of CPU time that the statements of one write may take. Directus has no limit."""

MAX_ANSWER_SIZE = 100 * 2**20
"""Characters of one answer: what Directus' WebSocket library takes. Directus has no limit."""

MAX_SUBSCRIPTIONS = 100
"""Subscriptions of one socket. Directus has no limit."""

MAX_UID_LENGTH = 255
"""Characters of a subscription's uid. Directus has no limit."""

MAX_SUBSCRIBE_SIZE = 65_536
"""Characters of a subscribe message, whose query is kept, and read at each event. Directus has no
limit."""

MAX_UNAUTHENTICATED_SIZE = 65_536
"""Bytes of a frame or a body of a client that has not signed in. Directus makes no difference."""

MAX_FRAME_SIZE = 3 * 2**20
"""Bytes of a frame of a client that has signed in: so much is parsed in less than 0.1 s. Directus
takes 100 MiB."""

RELAYED_FRAME_SIZE = 100 * 2**20
"""Bytes of a frame that is relayed, as Directus' WebSocket library has it."""

LARGEST_EXACT = 2**53 - 1
"""JavaScript has all whole numbers up to this one; Directus' queries have no higher ones."""

MAX_INTEGER_KEY = LARGEST_EXACT
"""The highest number that is a key of an item: JavaScript cannot name higher ones exactly. Directus
takes them."""

State = tuple[int, int]
"""When a file was changed, and its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The options of one server, with Directus' defaults and its variables' names."""

    database: Path
    """The SQLite file, made at the first start: ``DB_FILENAME``."""

    project: Path | None = None
    """The TOML file that says what is served. None: the guide's, ``server/guide.toml``."""

    token: str = "your_access_token"
    """The static token of the guide's user, set at each start. Empty: the user has none."""

    directus: str | None = None
    """The Directus whose endpoints are relayed, by its address. Empty: nothing is relayed, and the
    page connects elsewhere. None: this server is the Directus."""

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

    hosts: tuple[str, ...] = ()
    """Names under which it is reached, besides localhost, loopback addresses and that of
    ``public_url``. An address such as 0.0.0.0 stands for all addresses of this machine. Directus
    takes any name."""

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
    """The highest limit of a read: ``QUERY_LIMIT_MAX``. None: any, within ``MAX_ANSWER_SIZE``."""

    max_relational_depth: int = 10
    """Fields that a name in a query may lead through: ``MAX_RELATIONAL_DEPTH``."""

    max_batch_mutation: int | None = 1_000
    """The most items that one request may write: ``MAX_BATCH_MUTATION``. None: any number, which is
    Directus' default."""

    max_payload_size: int = 1_048_576
    """The most bytes of a request's body (not of a frame): ``MAX_PAYLOAD_SIZE``."""

    send_queue: int = 16_777_216
    """Characters that may wait for a client that reads slowly; with more, it is dropped."""
