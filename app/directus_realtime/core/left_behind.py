"""What Directus may still hold under the uids of subscriptions that have ended here."""

from collections.abc import Callable
from typing import Any

from . import messages
from .auth import AuthState

_MOST = 1000
"""How many unanswered subscribes are remembered; of more, the oldest are forgotten."""


class LeftBehind:
    """Ends on Directus what it accepts after it was given up.

    Args:
        send: writes a message.
        auth: knows whether the token has expired.
    """

    def __init__(self, send: Callable[[dict[str, Any]], None], auth: AuthState) -> None:
        self._send = send
        self._auth = auth
        self._unanswered: dict[str, None] = {}  # uids whose subscribe may still be accepted
        self._owed: dict[str, None] = {}  # uids to be unsubscribed when there is a token

    @property
    def may_be_answered(self) -> bool:
        """Whether the answer to a subscribe that was given up may still come."""
        return bool(self._unanswered)

    def unanswered(self, uid: str) -> None:
        """Record that a subscription has ended whose subscribe was not answered."""
        self._unanswered[uid] = None
        if len(self._unanswered) > _MOST:
            del self._unanswered[next(iter(self._unanswered))]

    def accepted(self, uid: str) -> None:
        """Record an init that no subscription awaits: it may be for one that was given up."""
        if uid in self._unanswered:
            del self._unanswered[uid]
            self.end(uid)

    def refused(self, uid: str) -> None:
        """Record an error for a subscribe that nobody awaits."""
        self._unanswered.pop(uid, None)

    def end(self, uid: str) -> None:
        """End what Directus holds under a uid, as soon as there is a token."""
        if self._auth.expired:
            self._owed[uid] = None
        else:
            self._send(messages.unsubscribe(uid))

    def token_refreshed(self, is_used: Callable[[str], bool]) -> None:
        """End what could not be ended without a token; a uid that is used is subscribed anew."""
        for uid in self._owed:
            if not is_used(uid):
                self._send(messages.unsubscribe(uid))
        self._owed.clear()

    def connection_lost(self) -> None:
        """Forget everything: what Directus held has ended with the connection."""
        self._unanswered.clear()
        self._owed.clear()
