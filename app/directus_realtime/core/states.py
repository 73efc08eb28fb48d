"""What the connection can be doing, and what leads from where to where.

The diagram in the README is drawn from this table, and a test sees that it is.
"""

from enum import StrEnum


class State(StrEnum):
    """What the connection is doing."""

    CLOSED = "closed"  # nothing, and nothing is wanted
    CONNECTING = "connecting"  # a socket is being opened
    AUTHENTICATING = "authenticating"  # not, or no longer: a token is on its way to Directus
    OPEN = "open"  # messages go both ways
    WAITING = "waiting"  # the connection fell; the next attempt has its time
    FAILED = "failed"  # given up for a reason that trying again does not heal


class Cause(StrEnum):
    """Why a state is left."""

    CONNECT = "connect"
    SOCKET_OPENED = "socket opened"
    READY = "ready"
    EXPIRED = "token expired"
    RENEW = "token refused, another tried"
    LOST = "lost"
    RETRY = "retry"
    REFUSED = "refused"
    DISCONNECT = "disconnect"


TRANSITIONS: dict[State, dict[Cause, State]] = {
    State.CLOSED: {
        Cause.CONNECT: State.CONNECTING,
    },
    State.CONNECTING: {
        Cause.SOCKET_OPENED: State.AUTHENTICATING,
        Cause.READY: State.OPEN,
        Cause.RENEW: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.AUTHENTICATING: {
        Cause.READY: State.OPEN,
        Cause.RENEW: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.OPEN: {
        Cause.EXPIRED: State.AUTHENTICATING,
        Cause.RENEW: State.CONNECTING,
        Cause.LOST: State.WAITING,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.WAITING: {
        Cause.RETRY: State.CONNECTING,
        Cause.RENEW: State.CONNECTING,
        Cause.REFUSED: State.FAILED,
        Cause.DISCONNECT: State.CLOSED,
    },
    State.FAILED: {
        Cause.CONNECT: State.CONNECTING,
        Cause.DISCONNECT: State.CLOSED,
    },
}
"""Every state, and where each cause leads from it. What is not here cannot happen."""
