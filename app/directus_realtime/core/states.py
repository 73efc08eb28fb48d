"""The state machines of the core, each as a table: the connection's and a subscription's.

The diagrams in the README and in docs/architecture.md are drawn from these tables, and a test
compares them. A state changes only by a transition of its table.
"""

from enum import StrEnum


class State(StrEnum):
    """What the connection is doing."""

    CLOSED = "closed"  # no connection, and none is wanted
    CONNECTING = "connecting"  # a socket is being opened
    AUTHENTICATING = "authenticating"  # the socket is open, and the token is sent
    OPEN = "open"  # messages go both ways
    REAUTHENTICATING = "reauthenticating"  # the token expired, and a new one is awaited
    WAITING = "waiting"  # the connection is lost; the time of the next attempt is set
    NEEDS_SIGN_IN = "needs sign-in"  # the login has ended; a new login continues from here
    FAILED = "failed"  # given up for a reason that a retry does not cure


class Cause(StrEnum):
    """Why the connection leaves a state."""

    CONNECT = "connect"
    SOCKET_OPENED = "socket opened"
    READY = "ready"
    EXPIRED = "token expired"
    REPLACE = "token refused, another tried"
    LOST = "lost"
    RETRY = "retry"
    SIGN_IN = "login ended"
    GIVE_UP = "retries used up"
    REFUSED = "refused"
    DISCONNECT = "disconnect"


TRANSITIONS: dict[State, dict[Cause, State]] = {
    State.CLOSED: {
        Cause.CONNECT: State.CONNECTING,
    },
    State.CONNECTING: {
        Cause.SOCKET_OPENED: State.AUTHENTICATING,
        Cause.READY: State.OPEN,
        Cause.REPLACE: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.SIGN_IN: State.NEEDS_SIGN_IN,
        Cause.GIVE_UP: State.FAILED,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.AUTHENTICATING: {
        Cause.READY: State.OPEN,
        Cause.REPLACE: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.SIGN_IN: State.NEEDS_SIGN_IN,
        Cause.GIVE_UP: State.FAILED,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.OPEN: {
        Cause.EXPIRED: State.REAUTHENTICATING,
        Cause.REPLACE: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.SIGN_IN: State.NEEDS_SIGN_IN,
        Cause.GIVE_UP: State.FAILED,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.REAUTHENTICATING: {
        Cause.READY: State.OPEN,
        Cause.REPLACE: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.SIGN_IN: State.NEEDS_SIGN_IN,
        Cause.GIVE_UP: State.FAILED,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.WAITING: {
        Cause.RETRY: State.CONNECTING,
        Cause.REPLACE: State.CONNECTING,
        Cause.SIGN_IN: State.NEEDS_SIGN_IN,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.NEEDS_SIGN_IN: {
        Cause.CONNECT: State.CONNECTING,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.FAILED: {
        Cause.CONNECT: State.CONNECTING,
        Cause.DISCONNECT: State.CLOSED,
    },
}
"""For each state of the connection, where each cause leads."""


class SubscriptionState(StrEnum):
    """Where one subscription stands on the current connection."""

    AWAY = "away"  # nothing is sent yet
    MARKING = "marking"  # the newest rows are being read: those after them are new
    SUBSCRIBING = "subscribing"  # the subscribe is sent; its init has not come
    CATCHING_UP = "catching up"  # events come, and missed rows are being read
    LIVE = "live"  # events come, and nothing is known to be missing
    SUSPENDED = "suspended"  # the token expired: events are the public's, or errors
    REFUSED = "refused"  # was live before and is refused now; to be sent again later
    LEAVING = "leaving"  # unsubscribed; Directus has not confirmed that yet
    ENDED = "ended"  # nothing more comes


class SubscriptionCause(StrEnum):
    """Why a subscription leaves a state."""

    MARK = "newest rows asked for"
    SUBSCRIBE = "subscribe sent"
    INIT = "init came"
    CAUGHT_UP = "caught up"
    EXPIRED = "token expired"
    REFRESHED = "token refreshed"
    RESEND = "answered without a token"
    REFUSE = "refused after it was live"
    RETRY = "retry"
    LOST = "connection lost"
    UNSUBSCRIBE = "unsubscribe"
    FAIL = "refused or not answered"
    LEFT = "unsubscribe confirmed"


SUBSCRIPTION_TRANSITIONS: dict[SubscriptionState, dict[SubscriptionCause, SubscriptionState]] = {
    SubscriptionState.AWAY: {
        SubscriptionCause.MARK: SubscriptionState.MARKING,
        SubscriptionCause.SUBSCRIBE: SubscriptionState.SUBSCRIBING,
        SubscriptionCause.FAIL: SubscriptionState.ENDED,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.ENDED,
    },
    SubscriptionState.MARKING: {
        SubscriptionCause.SUBSCRIBE: SubscriptionState.SUBSCRIBING,
        SubscriptionCause.EXPIRED: SubscriptionState.AWAY,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.ENDED,
    },
    SubscriptionState.SUBSCRIBING: {
        SubscriptionCause.INIT: SubscriptionState.CATCHING_UP,
        SubscriptionCause.RESEND: SubscriptionState.AWAY,
        SubscriptionCause.REFUSE: SubscriptionState.REFUSED,
        SubscriptionCause.FAIL: SubscriptionState.ENDED,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.LEAVING,
    },
    SubscriptionState.CATCHING_UP: {
        SubscriptionCause.CAUGHT_UP: SubscriptionState.LIVE,
        SubscriptionCause.EXPIRED: SubscriptionState.SUSPENDED,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.LEAVING,
        SubscriptionCause.LEFT: SubscriptionState.ENDED,
    },
    SubscriptionState.LIVE: {
        SubscriptionCause.EXPIRED: SubscriptionState.SUSPENDED,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.LEAVING,
        SubscriptionCause.LEFT: SubscriptionState.ENDED,
    },
    SubscriptionState.SUSPENDED: {
        SubscriptionCause.REFRESHED: SubscriptionState.CATCHING_UP,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.LEAVING,
        SubscriptionCause.LEFT: SubscriptionState.ENDED,
    },
    SubscriptionState.REFUSED: {
        SubscriptionCause.RETRY: SubscriptionState.AWAY,
        SubscriptionCause.LOST: SubscriptionState.AWAY,
        SubscriptionCause.UNSUBSCRIBE: SubscriptionState.ENDED,
    },
    SubscriptionState.LEAVING: {
        SubscriptionCause.LEFT: SubscriptionState.ENDED,
        SubscriptionCause.LOST: SubscriptionState.ENDED,
    },
    SubscriptionState.ENDED: {},
}
"""For each state of a subscription, where each cause leads."""
