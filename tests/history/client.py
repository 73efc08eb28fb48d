"""A client of the SDK on CPython that creates items and is subscribed, in a thread of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from directus_realtime import (
    CreateMessage,
    DirectusError,
    InitMessage,
    RealtimeClient,
    Subscription,
)
from websockets.asyncio.client import ClientConnection
from websockets.protocol import State

from tests.history.events import (
    Acknowledged,
    Delivered,
    Ended,
    Expired,
    Invoked,
    Refused,
    Resubscribed,
    Subscribed,
    Unknown,
    Written,
)
from tests.history.paced_loop import PacedLoop
from tests.history.recorder import PATIENCE, Recorder, create_in

AT_ONCE = 8
"""How many creates a participant has unanswered at most."""
_UNDECIDED = ("DELIVERY_UNKNOWN", "REPLY_TIMEOUT")  # the item may be stored

Make = Callable[[], Awaitable[RealtimeClient]]


class Client:
    """One client, which subscribes when it is entered as a context manager.

    Attributes:
        name: its name as a subscriber.

    Args:
        name: that.
        make: makes the client, not connected yet, on the client's event loop.
        pace: how fast its clock runs.
        recorder: is told all that happens.
    """

    def __init__(self, name: str, make: Make, pace: float, recorder: Recorder) -> None:
        self.name = name
        self._make = make
        self._recorder = recorder
        self._loop = PacedLoop(pace)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._directus: RealtimeClient | None = None
        self._problem: BaseException | None = None
        self._done = asyncio.Event()
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._creates: set[asyncio.Task[None]] = set()

    def __enter__(self) -> "Client":
        self._thread.start()
        ready = self._recorder.wait(lambda: self._directus is not None or self._failed)
        assert not self._failed, self._problem
        assert ready, f"{self.name} does not connect"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(PATIENCE)
        assert self._problem is None, self._problem

    def begin(self, creates: Iterable[str]) -> None:
        """Begin to create items."""
        for create in creates:
            self._recorder.record(Invoked(create))
            self._loop.call_soon_threadsafe(self._start, create)

    def wait_settled(self) -> None:
        """Wait until all that was begun has an outcome."""
        self._recorder.wait_settled()

    def wait_back(self) -> None:
        """Wait until the connection is open."""
        assert self._recorder.wait(lambda: self._state == "open"), f"{self.name}: {self._state}"

    def wait_delivered(self, count: int) -> None:
        """Wait until so many rows have come."""
        self._recorder.wait_delivered(self.name, count)

    @property
    def _failed(self) -> bool:
        return self._problem is not None

    @property
    def _state(self) -> str:
        return "" if self._directus is None else self._directus.state

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._live())
        except BaseException as problem:
            self._problem = problem
            self._recorder.wake()

    async def _live(self) -> None:
        directus = await self._make()
        directus.on_state(lambda change: self._on_state(change.state))
        query = {"fields": ["id", "text"]}
        subscription = await directus.subscribe("messages", event="create", query=query)
        self._recorder.record(Subscribed(self.name))
        reading = asyncio.ensure_future(self._read(subscription))
        self._directus = directus
        self._recorder.wake()
        await self._done.wait()
        subscription.unsubscribe()
        await reading
        directus.disconnect()

    def _on_state(self, state: str) -> None:
        if state == "reauthenticating":
            self._recorder.record(Expired(self.name))
        self._recorder.wake()

    async def _read(self, subscription: Subscription[InitMessage | CreateMessage]) -> None:
        try:
            async for message in subscription:
                if message["event"] == "init":
                    self._recorder.record(Resubscribed(self.name))
                    continue
                recovered = bool(message.get("recovered"))
                for row in message["data"]:
                    event = Delivered(self.name, row["text"], row["id"], recovered)
                    self._recorder.record(event)
        except DirectusError as error:
            self._recorder.record(Ended(self.name, f"{error.code}: {error}"))
        else:
            if not self._done.is_set():
                self._recorder.record(Ended(self.name, "the iteration ended"))

    def _start(self, create: str) -> None:
        task = asyncio.ensure_future(self._create(create))
        self._creates.add(task)
        task.add_done_callback(self._creates.discard)

    async def _create(self, create: str) -> None:
        assert self._directus is not None
        async with self._slots:
            try:
                item = {"text": create, "user": self.name}
                row = await self._directus.items("messages").create(item)
            except DirectusError as error:
                self._recorder.record(outcome(create, error.code))
            else:
                self._recorder.record(Acknowledged(create, row["id"]))


def outcome(create: str, code: str) -> Refused | Unknown:
    """Return what an error says of a create, by its code."""
    return Unknown(create, code) if code in _UNDECIDED else Refused(create, code)


@contextmanager
def writes_recorded(recorder: Recorder) -> Iterator[None]:
    """Record every create that the WebSockets of this process write."""
    send = ClientConnection.send

    async def record_and_send(self: ClientConnection, message: Any, *rest: Any) -> None:
        create = create_in(message) if self.state is State.OPEN else None
        if create is not None:
            recorder.record(Written(create))
        await send(self, message, *rest)

    with patch.object(ClientConnection, "send", record_and_send):
        yield
