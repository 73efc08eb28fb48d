"""Directus and a network, simulated: late commits, reordered answers, cuts anywhere.

What is simulated is what a real Directus does: requests are handled side by side; a subscription
is registered some time after its request came and before its init goes out; events go to those
who are registered at the commit, in any order; what is in flight when a connection falls is lost,
or done and never answered. A token expires at any moment: then a connection has the public's rights
until it has another one. The public sees nothing, or every other row. Tokens are refused, too.
"""

import json
from collections import deque
from typing import Any, NamedTuple

from directus_realtime.core.auth import Credentials
from directus_realtime.core.events import (
    CloseSocket,
    CredentialsNeeded,
    OpenSocket,
    Replied,
    RequestFailed,
    SendText,
    Warned,
)
from directus_realtime.core.messages import SubscriptionMessage
from directus_realtime.core.protocol import Protocol
from directus_realtime.core.recovery import Recovery
from directus_realtime.core.states import State, SubscriptionState
from directus_realtime.core.subscription import SubscriptionProtocol
from directus_realtime.errors import ReplyTimeout, ServerError
from directus_realtime.types import Since

Message = dict[str, Any]

BUFFER = 24  # messages that may wait to be read
LAZY = 16  # so many does a lazy consumer let wait; a page comes on top

EXCUSED = 10.0  # seconds after a renewal in which refusals of events are taken to belong before it


def error(kind: str, code: str, **rest: Any) -> Message:
    """Return an error message."""
    return {
        "type": kind,
        "status": "error",
        "error": {"code": code, "message": "No."},
        **rest,
    }


class ServerKind(NamedTuple):
    """What a server does besides what all do.

    Attributes:
        names_uids: whether errors of items name their uid, as from 12.4 on.
        fails: which actions may fail.
        has_odd_rows: whether it may answer a read with rows that cannot be used.
    """

    names_uids: bool = True
    fails: tuple[str, ...] = ()
    has_odd_rows: bool = False


KINDS = (
    ServerKind(),
    ServerKind(names_uids=False),
    ServerKind(names_uids=False, fails=("create", "update")),
    ServerKind(names_uids=False, fails=("create", "update", "read"), has_odd_rows=True),
)
ODD_ROWS: tuple[Any, ...] = (None, [None], [{}], [{"id": {}}], [{"id": True}], "rows")


class Database:
    """One collection, whose rows take their keys early and may be committed late."""

    def __init__(self, margin: int) -> None:
        self.rows: dict[int, Message] = {}
        self._margin = margin
        self._keys = 0
        self._open: list[int] = []

    def begin(self) -> bool:
        """Begin a transaction, if no open one would be overtaken by more than the margin holds."""
        if self._open and self._keys - self._open[0] >= self._margin - 2:
            return False
        self._keys += 1
        self._open.append(self._keys)
        return True

    def commit(self, which: int) -> Message | None:
        """Commit one of the open transactions and return its row."""
        if not self._open:
            return None
        key = self._open.pop(which % len(self._open))
        self.rows[key] = {"id": key, "text": str(key)}
        return self.rows[key]

    def read(self, query: Message) -> list[Message]:
        """Answer a read, as far as recovery asks."""
        after = query.get("filter", {}).get("id", {}).get("_gt")
        keys = sorted(self.rows, reverse=query.get("sort") == ["-id"])
        found = [self.rows[key] for key in keys if after is None or key > after]
        return found[: query.get("limit", 100)]


class Connection:
    """One connection: what is in flight each way, and what the server holds for it."""

    def __init__(
        self, number: int, database: Database, refused: set[str], kind: ServerKind
    ) -> None:
        self.number = number
        self.fails_next = False  # the next request that may fail
        self.odd_next: int | None = None  # which odd rows the next read is answered with
        self._kind = kind
        self.tokens: list[str] = []  # with which the client has authenticated
        self.told_expired = False  # whether the client knows that its token has expired
        self.opened = False
        self.alive = True  # as the client sees it
        self.authenticated = False
        self.to_server: deque[Message] = deque()
        self.ready: list[Message] = []  # answers and events, which go out in any order
        self.to_client: deque[Message] = deque()
        self.executed: list[str] = []  # uids of the writes that were carried out
        self._database = database
        self._refused = refused
        self._public: int | None = None  # 0: has expired; 1: and the public sees every other row
        self._registering: list[str] = []
        self._registered: set[str] = set()

    def write(self, message: Message) -> None:
        """Take what the client writes."""
        assert self.opened, "written before the socket was open"
        is_auth = message["type"] == "auth"
        assert self.authenticated or is_auth, "written before auth ok"
        assert not self.told_expired or is_auth, "written with an expired token"
        if is_auth:
            assert message["access_token"] not in self.tokens, "a token was sent twice"
            self.tokens.append(message["access_token"])
        self.to_server.append(message)

    def handle(self) -> bool:
        """Let the server handle the next request; return whether there was one."""
        if not self.to_server:
            return False
        message = self.to_server.popleft()
        match message:
            case {"type": "auth", "access_token": token}:
                self.authenticated = token not in self._refused
                self._public = None
                ok = {"type": "auth", "status": "ok"}
                self.to_client.append(ok if self.authenticated else error("auth", "AUTH_FAILED"))
            case {"type": "subscribe", "uid": uid}:
                self._registering.append(uid)
            case {"type": "items", "action": action, "uid": uid} if self._fails(action):
                self.ready.append(self._refusal("RECORD_NOT_UNIQUE", uid))
            case {"type": "items", "action": "read", "uid": uid} if self.odd_next is not None:
                odd, self.odd_next = ODD_ROWS[self.odd_next % len(ODD_ROWS)], None
                self.ready.append({"type": "items", "uid": uid, "data": odd})
            case {"type": "items", "action": "read", "uid": uid} if self._public != 0:
                rows = self._visible(self._database.read(message.get("query", {})))
                self.ready.append({"type": "items", "uid": uid, "data": rows})
            case {"type": "items", "uid": uid} if self._public is not None:
                self.ready.append(self._refusal("FORBIDDEN", uid))
            case {"type": "items", "uid": uid}:
                self.executed.append(uid)
                self.ready.append({"type": "items", "uid": uid, "data": {}})
            case {"type": "ping", "uid": uid}:
                self.ready.append({"type": "pong", "uid": uid})
        return True

    def _fails(self, action: str) -> bool:
        fails = self.fails_next and action in self._kind.fails
        self.fails_next = self.fails_next and not fails
        return fails

    def _refusal(self, code: str, uid: str) -> Message:
        return error("items", code, uid=uid) if self._kind.names_uids else error("items", code)

    def register(self) -> bool:
        """Let the server register a subscription; its init may go out from then on."""
        if not self._registering:
            return False
        uid = self._registering.pop(0)
        self._registered.add(uid)
        self.ready.append({"type": "subscription", "event": "init", "uid": uid})
        return True

    def tell(self, row: Message) -> None:
        """Make the events for a row that was committed."""
        for uid in sorted(self._registered):
            event = {"type": "subscription", "event": "create", "data": [row], "uid": uid}
            if self._public == 0:
                self.ready.append(error("subscribe", "FORBIDDEN", uid=uid))
            elif self._visible([row]):
                self.ready.append(event)

    def expire(self, public: int) -> bool:
        """Take the rights of a token away; the public has none, or sees every other row."""
        if not self.authenticated or self._public is not None:
            return False
        self._public = public
        self.to_client.append(error("auth", "TOKEN_EXPIRED"))
        return True

    def _visible(self, rows: list[Message]) -> list[Message]:
        return rows if self._public is None else [row for row in rows if row["id"] % 2]

    def send(self, which: int) -> bool:
        """Put one of the answers and events that are ready on the wire."""
        if not self.ready:
            return False
        self.to_client.append(self.ready.pop(which % len(self.ready)))
        return True


class Simulation:
    """A client, a server, and what lies between them.

    Attributes:
        core: the client's core.
        database: the server's.
        delivered: the keys that each subscription's consumer read, by uid, in order.
        known: for each subscription the keys that were there when it began.
        refused: the subscriptions that were never accepted in time.
        outcomes: the outcomes of each request, by uid.
        written: the uids of the writes, in the order in which they were first put on a wire.
        executed: the uids of the writes, as often as the server carried them out.
        warnings: what the client was warned of.
    """

    def __init__(self, margin: int, kind: ServerKind = KINDS[0]) -> None:
        self.kind = kind
        self.warnings: list[str] = []
        self.core = Protocol(random=lambda: 1.0)
        self.database = Database(margin)
        self.delivered: dict[str, list[int]] = {}
        self.known: dict[str, set[int]] = {}
        self.refused: set[str] = set()
        self.outcomes: dict[str, list[Any]] = {}
        self.written: list[str] = []
        self.executed: list[str] = []
        self._margin = margin
        self._now = 0.0
        self._renewed_at = -EXCUSED
        self._token = 0
        self._refused: set[str] = set()
        self._needed: int | None = None  # the connection for which another token is wanted
        self._connections: dict[int, Connection] = {}
        self._subscriptions: list[SubscriptionProtocol] = []
        self._patience: dict[str, int] = {}  # how many messages each consumer lets wait

    @property
    def connections(self) -> list[Connection]:
        """The connections that anything is left of."""
        return list(self._connections.values())

    @property
    def plain(self) -> set[str]:
        """The subscriptions that recover no longer, since their rows could not be read."""
        return {each.uid for each in self._subscriptions if not each.is_recovering}

    @property
    def settled(self) -> bool:
        """Whether the client has caught up and every request has its outcome."""
        rest = (SubscriptionState.LIVE, SubscriptionState.ENDED)
        live = all(subscription.state in rest for subscription in self._subscriptions)
        read = not any(s.buffered or s.deadline() for s in self._subscriptions)
        return self.core.state is State.OPEN and live and read and all(self.outcomes.values())

    def connect(self) -> None:
        """Let the client connect."""
        self.core.connect(self._now)
        self._step()

    def subscribe(self, since: Since, *, patience: int) -> None:
        """Let the client subscribe, with recovery.

        Its consumer reads when more than ``patience`` messages wait, or when told to.
        """
        query = {"fields": ["text"]}
        recovery = Recovery(field="id", key="id", query=query, since=since, margin=self._margin)
        subscription = self.core.subscribe(
            "messages",
            uid=None,
            event="create",
            query=query,
            recovery=recovery,
            limit=BUFFER,
            now=self._now,
        )
        self._patience[subscription.uid] = patience
        self.delivered[subscription.uid] = []
        self.known[subscription.uid] = set()
        self._subscriptions.append(subscription)
        self._step()

    def request(self, action: str) -> None:
        """Let the client ask for a create, an update or a read."""
        uid = self.core.request(
            {"type": "items", "collection": "messages", "action": action},
            what=action,
            repeatable=action == "read",
            quiet=False,
            timeout=60.0,
            now=self._now,
        )
        self.outcomes[uid] = []
        self._step()

    def open(self, connection: Connection) -> bool:
        """Let a socket open."""
        if connection.opened or not connection.alive:
            return False
        connection.opened = True
        credentials = self._credentials()
        self.core.prepared(connection.number, credentials)
        self.core.opened(connection.number, credentials.fields, self._now)
        self._step()
        return True

    def renew(self) -> bool:
        """Hand another token to the client, if it needs one."""
        number, self._needed = self._needed, None
        if number is None:
            return False
        self._token += 1
        self.core.refresh(number, self._credentials())
        self._step()
        return True

    def fail_to_renew(self) -> None:
        """Tell the client that there is no other token to be had now."""
        number, self._needed = self._needed, None
        if number is not None:
            self.core.refresh_failed(number, self._now)
            self._step()

    def refuse_token(self) -> None:
        """Let the server refuse the token in use from now on."""
        if self.core.state is State.OPEN:
            self._refused.add(f"t{self._token}")

    def deliver(self, connection: Connection) -> bool:
        """Let the next frame reach the client."""
        if not connection.to_client:
            return False
        message = connection.to_client.popleft()
        if connection.alive:
            self._note_mark(message)
            self._note_token(connection, message)
            self.core.received(connection.number, json.dumps(message), self._now)
            self._step()
        return True

    def cut(self, connection: Connection, *, handled: bool) -> None:
        """End a connection; ``handled``: the server still handles what was on its way."""
        while handled and connection.handle():
            pass
        self.executed += connection.executed
        del self._connections[connection.number]
        if connection.alive:
            self.core.closed(connection.number, 1006, "", self._now)
            self._step()

    def read(self) -> bool:
        """Let every consumer read one message; return whether there was one."""
        waiting = [subscription for subscription in self._subscriptions if subscription.buffered]
        for subscription in waiting:
            self._read(subscription)
        return bool(waiting)

    def begin(self) -> bool:
        """Begin a transaction."""
        return self.database.begin()

    def commit(self, which: int) -> bool:
        """Commit an open transaction, and tell those who are registered."""
        row = self.database.commit(which)
        if row is not None:
            for connection in self.connections:
                connection.tell(row)
        return row is not None

    def wait(self, seconds: float) -> None:
        """Let time pass; the client's core is called at each of its deadlines."""
        end = self._now + seconds
        while (due := self.core.deadline()) is not None and due <= end:
            self._now = max(self._now, due)
            self.core.tick(self._now)
            self._step()
            after = self.core.deadline()
            assert after is None or after > self._now, "a deadline is overdue"
        self._now = end

    def _step(self) -> None:
        """Do what the core says, and let the consumers read."""
        for event in self.core.events():
            match event:
                case OpenSocket(number, refused):
                    self._token += refused is not None
                    self._connections[number] = Connection(
                        number, self.database, self._refused, self.kind
                    )
                case Warned(text):
                    self.warnings.append(text)
                case CredentialsNeeded(number, _):
                    assert self._needed is None or self._needed < number, "asked for twice"
                    self._needed = number
                case SendText(number, text):
                    self._write(self._connections[number], json.loads(text))
                case CloseSocket(number) if number in self._connections:
                    self._connections[number].alive = False
                case Replied(uid, _) | RequestFailed(uid, _):
                    self.outcomes[uid].append(event)
        for subscription in self._subscriptions:
            while subscription.buffered > self._patience[subscription.uid]:
                self._read(subscription)

    def _read(self, subscription: SubscriptionProtocol) -> None:
        """Let a consumer read the next message."""
        item = subscription.pop()
        if isinstance(item, SubscriptionMessage):
            self.delivered[subscription.uid] += item.keys_of_data
        elif isinstance(item, ServerError):
            assert self._now >= self._renewed_at + EXCUSED, item
        else:
            assert isinstance(item, ReplyTimeout), item
            assert not subscription.was_live, "a subscription ended that Directus had accepted"
            self.refused.add(subscription.uid)
        if self.core.resume(subscription, self._now):
            self._step()

    def _write(self, connection: Connection, message: Message) -> None:
        assert connection.alive, "written to a socket that was given up"
        if message.get("action") in ("create", "update"):
            self.written.append(message["uid"])
        connection.write(message)

    def _credentials(self) -> Credentials:
        return Credentials({"access_token": f"t{self._token}"}, refresh_in=30.0, refreshable=True)

    def _note_token(self, connection: Connection, message: Message) -> None:
        """Note whether the client knows its token to be good."""
        if message["type"] == "auth":
            connection.told_expired = message["status"] == "error"
            self._renewed_at = self._now

    def _note_mark(self, message: Message) -> None:
        """Note what a subscription is told to be there already, before it has begun."""
        marking = [
            subscription
            for subscription in self._subscriptions
            if subscription.state is SubscriptionState.MARKING
        ]
        is_ours = message["type"] == "items" and message.get("uid") not in self.outcomes
        usable = isinstance(message.get("data"), list) and message["data"] not in ODD_ROWS
        if is_ours and marking and usable:
            keys = {row["id"] for row in message["data"]}
            full = len(keys) == self._margin
            older = {key for key in self.database.rows if full and key < min(keys)}
            self.known[marking[0].uid] = keys | older
