"""All subscriptions of a client: routes each frame to its subscription, by uid.

A uid that the program has chosen may be used again while the subscription that had it is still
leaving. The new one waits as its successor, so that each frame has one owner.
"""

from collections.abc import Iterator

from ..errors import DirectusError, ServerError, UsageError
from ..types import Freshness, InspectedSubscription, Query
from . import messages
from .events import MessageReceived, Warned
from .left_behind import LeftBehind
from .messages import Failure, Frame
from .recovery import Recovery
from .states import SubscriptionState
from .subscription import Connection, SubscriptionProtocol

_WORST_FIRST: tuple[Freshness, ...] = ("stale", "loading", "catching up", "live")


class Subscriptions:
    """The subscriptions of a client, by uid.

    Args:
        connection: what they share.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._by_uid: dict[str, SubscriptionProtocol] = {}
        self._recovered = 0  # by those that have ended
        self._left_behind = LeftBehind(connection.send, connection.auth)

    @property
    def buffered(self) -> int:
        """How many messages wait to be read."""
        return sum(subscription.buffered for subscription in self._by_uid.values())

    @property
    def recovered(self) -> int:
        """How many rows were missed and read afterwards."""
        return self._recovered + sum(
            subscription.recovered for subscription in self._by_uid.values()
        )

    @property
    def freshness(self) -> Freshness:
        """The worst freshness of any that is not quiet; live where there are none."""
        found = {each.freshness for each in self._all() if not each.ended and not each.quiet}
        return next((worst for worst in _WORST_FIRST if worst in found), "live")

    def inspect(self) -> list[InspectedSubscription]:
        """Return what there is to see of each."""
        return [each.inspect() for each in self._all()]

    def knows(self, uid: str) -> bool:
        """Return whether a subscription has this uid."""
        return uid in self._by_uid

    def add(
        self,
        uid: str,
        collection: str,
        *,
        event: str | None,
        query: Query | None,
        recovery: Recovery | None,
        limit: int,
        queue_timeout: float | None,
        quiet: bool,
    ) -> SubscriptionProtocol:
        """Return a new subscription, which begins when ``begin`` is called.

        Raises:
            UsageError: there is one of this uid already.
        """
        current = self._by_uid.get(uid)
        if current is not None and (not current.ended or current.successor is not None):
            raise UsageError(f'A subscription has the uid "{uid}" already: leave `uid` out.')
        subscription = SubscriptionProtocol(
            self._connection,
            uid,
            collection,
            event=event,
            query=query,
            recovery=recovery,
            limit=limit,
            queue_timeout=queue_timeout,
            quiet=quiet,
        )
        if collection in messages.SILENT_COLLECTIONS:
            self._connection.emit(
                Warned(
                    f'Directus sends no events of "{collection}": this subscription will get '
                    "its init and nothing after it. Read the collection now and then instead."
                )
            )
        if current is None:
            self._by_uid[uid] = subscription
        else:
            current.successor = subscription
        self._connection.freshness_changes()
        return subscription

    def begin(self, subscription: SubscriptionProtocol, now: float, *, is_open: bool) -> None:
        """Begin a subscription, now or when the connection is open and its uid is free."""
        if is_open and self._by_uid.get(subscription.uid) is subscription:
            subscription.begin(now)
        else:
            subscription.wait(now)

    def remove(self, subscription: SubscriptionProtocol, now: float) -> None:
        """End a subscription; nothing happens if it has ended."""
        subscription.unsubscribe(now)
        self._settle(subscription.uid, now)

    # What happens to the connection

    def connection_opened(self, now: float) -> None:
        """Begin every subscription on a new connection."""
        for subscription in list(self._by_uid.values()):
            subscription.begin(now)

    def connection_lost(self, now: float) -> None:
        """Reset what was under way; the subscriptions themselves stay."""
        self._left_behind.connection_lost()
        for subscription in list(self._by_uid.values()):
            subscription.connection_lost(now)
            self._drop_ended(subscription.uid)

    def token_expired(self) -> None:
        """Record that from now on events and answers have public rights, or are errors."""
        for subscription in self._by_uid.values():
            subscription.token_expired()

    def token_refreshed(self, now: float) -> None:
        """Do what could not be done without a token."""
        self._left_behind.token_refreshed(self.knows)
        for subscription in list(self._by_uid.values()):
            subscription.token_refreshed(now)
            self._settle(subscription.uid, now)

    def raise_in_consumers(self, error: DirectusError) -> None:
        """Raise ``error`` in every consumer."""
        for subscription in list(self._by_uid.values()):
            subscription.raise_in_consumer(error)

    # What comes, and what is due

    def take(self, frame: Frame, now: float) -> bool:
        """Process a frame if it is a subscription's; return whether it is."""
        if frame.kind == "subscription":
            subscription = self._by_uid.get(frame.uid or "")
            if subscription is None:
                self._take_foreign(frame, now)
                return False
            subscription.take(frame, now)
        elif frame.kind == "subscribe" and frame.error is not None:
            subscription = self._by_uid.get(frame.uid or "")
            if subscription is None or not subscription.quiet:
                self._connection.emit(MessageReceived(frame.message))
            if frame.uid is None:
                self._take_unnamed(frame.error, now)
                return True
            if subscription is None:
                self._left_behind.refused(frame.uid)
                return True
            subscription.take_error(frame.error, now)
        else:
            return False
        if subscription.ended:
            self._settle(subscription.uid, now)
        return True

    def take_read(self, frame: Frame, now: float) -> bool:
        """Process the answer to a subscription's own read; return whether it is one."""
        uid = frame.uid or ""
        for subscription in self._by_uid.values():
            if subscription.awaits(uid):
                subscription.take_read(frame, now)
                self._settle(subscription.uid, now)
                return True
        return False

    def read_overdue(self, uid: str, now: float) -> bool:
        """Record that a read was not answered; return whether to give up the connection."""
        late = [each for each in self._by_uid.values() if each.awaits(uid)]
        return any(subscription.read_overdue(now) for subscription in late)

    def deadline(self) -> float | None:
        """Return the earliest deadline of any, or None."""
        deadlines = [subscription.deadline() for subscription in self._all()]
        return min([due for due in deadlines if due is not None], default=None)

    def tick(self, now: float) -> bool:
        """Do what is due; return whether Directus no longer answers on this connection."""
        is_silent = False
        for subscription in list(self._all()):
            is_silent |= subscription.tick(now)
            self._settle(subscription.uid, now)
        return is_silent

    def _all(self) -> Iterator[SubscriptionProtocol]:
        for subscription in self._by_uid.values():
            yield subscription
            if subscription.successor is not None:
                yield subscription.successor

    def _settle(self, uid: str, now: float) -> None:
        """Drop a subscription that has ended; its successor begins."""
        successor = self._drop_ended(uid)
        if successor is not None and not self._connection.auth.expired:
            successor.begin(now)

    def _drop_ended(self, uid: str) -> SubscriptionProtocol | None:
        """Drop a subscription that has ended; return the one that takes its place."""
        subscription = self._by_uid.get(uid)
        if subscription is None:
            return None
        successor = subscription.successor
        if successor is not None and successor.ended:
            subscription.successor = successor = None
        if subscription.state is not SubscriptionState.ENDED:
            return None
        self._recovered += subscription.recovered
        if subscription.is_unanswered:
            self._left_behind.unanswered(uid)
        if subscription.is_held:
            self._left_behind.end(uid)
        if successor is None:
            del self._by_uid[uid]
        else:
            self._by_uid[uid] = successor
        return successor

    def _take_foreign(self, frame: Frame, now: float) -> None:
        """Process a subscription message whose uid no subscription has.

        Without a uid Directus confirms that all subscriptions have ended, which the program has
        asked for with a message of its own. An init may be for a subscribe that was given up.
        """
        event = frame.message.get("event")
        if event == "unsubscribe" and frame.message.get("uid") is None:
            for subscription in list(self._by_uid.values()):
                subscription.left(now)
                self._settle(subscription.uid, now)
        elif event == "init" and frame.uid is not None:
            self._left_behind.accepted(frame.uid)

    def _take_unnamed(self, error: Failure, now: float) -> None:
        """Process an error that names no uid, as all do before Directus 12.4.

        It is for a subscribe that is not answered, given up or not, or for an event of any
        subscription; from 12.4 on only for a subscribe in a bad form.
        """
        waiting = [each for each in self._by_uid.values() if each.awaits_init]
        of_events = [each for each in self._by_uid.values() if each.is_registered]
        candidates = waiting if error[0] == "INVALID_PAYLOAD" else waiting + of_events
        if len(candidates) == 1 and not self._left_behind.may_be_answered:
            candidates[0].take_error(error, now)
            self._settle(candidates[0].uid, now)
            return
        for subscription in waiting:
            subscription.suspect(error)
        if candidates:
            reason = str(ServerError(*error))
            self._connection.emit(
                Warned(f"Directus refused one of several subscriptions or their events: {reason}")
            )
