"""The unanswered ``items`` messages of a connection, to assign errors without a uid.

Before 12.4 Directus names no uid in an error of type ``items``; in a success it does. So if one
message is unanswered, such an error belongs to it; and if as many errors came as messages are
unanswered, all of these failed. Messages that nobody waits for count too: a message that was sent
without waiting, and a request that timed out, may still be answered.
"""

from .messages import Failure

_ALWAYS_NAMED = ("INVALID_COLLECTION", "INVALID_PAYLOAD")
"""The codes of errors that name their uid in Directus before 12.4 too."""

_MOST = 1000
"""How many messages are followed; beyond it no error is assigned on this connection."""


class Unanswered:
    """The unanswered messages of one connection, and the errors that name none of them.

    Attributes:
        names_uids: whether an error on this connection has named a uid.
    """

    def __init__(self) -> None:
        self.names_uids = False
        self._uids: dict[str, None] = {}
        self._errors: list[Failure] = []
        self._is_lost = False  # whether there were too many to follow

    @property
    def has_errors(self) -> bool:
        """Whether errors came that belong to some of them."""
        return bool(self._errors)

    def written(self, uid: str | None) -> None:
        """Record that a message was written; one without a uid cannot be followed."""
        if self.names_uids or self._is_lost:
            return
        # Two messages of one uid cannot be told apart.
        self._is_lost = uid is None or uid in self._uids or len(self._uids) >= _MOST
        if uid is not None:
            self._uids[uid] = None
        if self._is_lost:
            self._uids.clear()
            self._errors.clear()

    def answered(self, uid: str, error: Failure | None) -> None:
        """Record an answer that names its uid."""
        self._uids.pop(uid, None)
        if error is not None and error[0] not in _ALWAYS_NAMED:
            self.names_uids = True
            self._uids.clear()
            self._errors.clear()

    def fail_one(self, error: Failure) -> None:
        """Record an error that names no uid."""
        if not self.names_uids and self._uids and not self._is_lost:
            self._errors.append(error)

    def failed(self) -> list[tuple[str, Failure]]:
        """Return the messages that are known to have failed, each with its error; once.

        If there are several, it is not known which error belongs to which message: the error says
        so, unless all are the same.
        """
        if not self._errors or len(self._errors) < len(self._uids):
            return []
        failures = [(uid, _combined(self._errors)) for uid in self._uids]
        self._uids.clear()
        self._errors.clear()
        return failures

    def connection_lost(self) -> None:
        """Forget everything: the connection is lost."""
        self.names_uids = self._is_lost = False
        self._uids.clear()
        self._errors.clear()


def _combined(errors: list[Failure]) -> Failure:
    distinct = list(dict.fromkeys(errors))
    if len(distinct) == 1:
        return distinct[0]
    codes = list(dict.fromkeys(code for code, _ in distinct))
    reasons = " / ".join(f"{message} ({code})" for code, message in distinct)
    return (
        codes[0] if len(codes) == 1 else "UNKNOWN",
        f"Directus refused {len(errors)} requests and does not say which for what reason: "
        f"{reasons}",
    )
