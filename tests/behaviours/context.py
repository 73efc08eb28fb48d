"""What a behaviour is given, the same on CPython and in Pyodide."""

import asyncio
import gc
import logging
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from directus_realtime import (
    AuthenticationClient,
    DirectusClient,
    DirectusError,
    RealtimeClient,
    StateChanged,
    authentication,
    create_directus,
    realtime,
    static_token,
)
from directus_realtime.core.codec import quoted
from directus_realtime.transports.platform import transports

Kind = TypeVar("Kind", bound=DirectusError)

_LIMIT = 30.0  # seconds that a behaviour may take
_FAREWELL = 5.0  # seconds in which what it started must end


class States:
    """Records every change of a client's state from now on.

    A state that is told again, once its reason is known, is not recorded again.
    """

    def __init__(self, directus: RealtimeClient) -> None:
        self.seen: list[str] = []
        self._changes: asyncio.Queue[StateChanged] = asyncio.Queue()
        directus.on_state(self._note)

    async def until(self, state: str) -> StateChanged:
        """Return the next change to a state; those before it are passed over."""
        while True:
            change = await self._changes.get()
            if change.state == state:
                return change

    def _note(self, change: StateChanged) -> None:
        if self.seen[-1:] != [change.state]:
            self.seen.append(change.state)
        self._changes.put_nowait(change)


class Context:
    """A project, ways to disturb the connection to it, and the check that nothing was left.

    Attributes:
        url: the project's address; connections to it can be cut.
        direct: another address of it, which is never disturbed.
        strict: the address of a project in the auth mode strict, with the same users.
        public: that of one in the auth mode public, where anybody may read and create messages.
        token: the static token of a user who may do everything with messages and notes.
        email: that user's e-mail address.
        password: and password.
        unknown_collection: the code of the error about a collection that does not exist.
        user: a name that no other behaviour's rows have.
        mine: the filter for rows with that name.
        errors: what the SDK has logged as errors. A behaviour that expects some removes them.
    """

    def __init__(self, place: dict[str, str]) -> None:
        self.url = place["url"]
        self.direct = place["direct"]
        self.strict = place["strict"]
        self.public = place["public"]
        self.token = place["token"]
        self.email = place["email"]
        self.password = place["password"]
        self.unknown_collection = place["unknown_collection"]
        self.user = f"user-{uuid.uuid4().hex[:12]}"
        self.mine = {"user": {"_eq": self.user}}
        self.errors: list[str] = []
        self._control = place["control"]
        self._clients: list[RealtimeClient] = []
        self._logins: list[AuthenticationClient] = []

    # Clients: they are disconnected in the end

    def client(self, token: str | None = None, **options: Any) -> RealtimeClient:
        """Return a client with the static token, or with another one."""
        return self.connected_by(static_token(token or self.token), **options)

    def other(self) -> RealtimeClient:
        """Return a client whose connection is not disturbed."""
        return self.connected_by(static_token(self.token), at=self.direct)

    def connected_by(
        self,
        composable: Callable[[DirectusClient], DirectusClient],
        *,
        at: str = "",
        **options: Any,
    ) -> RealtimeClient:
        """Return a client with other credentials, or at another address."""
        return self.realtime(create_directus(at or self.url).with_(composable), **options)

    def realtime(self, client: DirectusClient, **options: Any) -> RealtimeClient:
        """Return a realtime client made from another."""
        directus = client.with_(realtime(**options))
        self._clients.append(directus)
        return directus

    async def logged_in(self, *, at: str = "", **options: Any) -> AuthenticationClient:
        """Return a client that has logged in."""
        login = create_directus(at or self.url).with_(authentication(**options))
        self._logins.append(login)
        await login.login(self.email, self.password)
        return login

    # Disturbances

    async def cut(self) -> None:
        """Drop all connections to ``url``; messages arrive again."""
        await self._tell("cut")

    async def refuse(self) -> None:
        """Drop all connections to ``url``, and every new one."""
        await self._tell("refuse")
        await self.cut()

    async def admit(self) -> None:
        """Take new connections to ``url`` again."""
        await self._tell("admit")

    async def swallow(self, what: str) -> None:
        """Discard ``requests`` or ``answers`` from now on."""
        await self._tell(f"swallow/{what}")

    async def swallowed(self, text: str) -> None:
        """Wait until an answer with this text was discarded; requests are masked and show none."""
        happened = await self._tell(f"swallowed/{quoted(text)}")
        assert happened == "True", f"{text!r} was not swallowed"

    async def _tell(self, what: str) -> str:
        answer = await transports().fetch(f"{self._control}/{what}", timeout=15)
        assert answer.status == 200, answer
        return answer.text

    # The end

    async def leave(self) -> None:
        """Disconnect all clients, and let the proxy accept connections again."""
        for directus in self._clients:
            directus.disconnect()
        for login in self._logins:
            login.stop_refreshing()
        await self.admit()

    async def still_open(self) -> int:
        """Wait until no connection to ``url`` is open; return how many are."""
        return int(await self._tell("open"))


async def failure(awaitable: Awaitable[Any], kind: type[Kind], words: str = "") -> Kind:
    """Return the error that something must end in, and what it must say."""
    try:
        result = await awaitable
    except kind as error:
        raised = error
    else:
        raise AssertionError(f"there was no {kind.__name__}, but {result!r}")
    assert words in str(raised), f"{raised} does not say: {words}"
    return raised


async def caught_up(directus: RealtimeClient) -> None:
    """Wait until every request is answered; events may still be on their way.

    A row that is created while recovery reads may come with that read first: it is marked as
    recovered then, and handlers get no event.
    """
    while directus.stats()["sent"] > directus.stats()["received"]:
        await directus.items("messages").read({"limit": 0}, quiet=True)


async def run(behaviour: Callable[[Context], Awaitable[None]], place: dict[str, str]) -> None:
    """Run a behaviour, and check that it has left no task, connection or error behind."""
    context = Context(place)
    before = asyncio.all_tasks()
    complaints: list[dict[str, Any]] = []
    loop, log, handler = asyncio.get_running_loop(), logging.getLogger("directus"), _Errors(context)
    usual = loop.get_exception_handler()
    loop.set_exception_handler(lambda _loop, what: complaints.append(what))
    log.addHandler(handler)
    gc.freeze()  # what was there before is not looked through in the end
    try:
        try:
            await asyncio.wait_for(behaviour(context), _LIMIT)
        finally:
            await context.leave()
        started = asyncio.all_tasks() - before
        if started:
            _, started = await asyncio.wait(started, timeout=_FAREWELL)
        gc.collect()  # what failed with nobody to hear of it says so now
        assert not started, f"tasks were left: {started}"
        still_open = await context.still_open()
        assert not still_open, f"connections were left: {still_open}"
        assert not complaints, f"nobody heard of: {complaints}"
        assert not context.errors, f"errors were logged: {context.errors}"
    finally:
        gc.unfreeze()
        log.removeHandler(handler)
        loop.set_exception_handler(usual)


class _Errors(logging.Handler):
    """Keeps the errors of the SDK's log for a context."""

    def __init__(self, context: Context) -> None:
        super().__init__(logging.ERROR)
        self._context = context

    def emit(self, record: logging.LogRecord) -> None:
        self._context.errors.append(self.format(record))
