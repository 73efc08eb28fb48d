"""Plays a recorded scenario against a server, and holds every frame against what was recorded.

``<nothing>`` is proved by a fence where that can prove it: a read on the same connection, whose
reply comes before anything unexpected, or after it and then it is found. A connection that is not
authenticated cannot have one, and is watched for a moment; where a timer must *not* fire, it is
watched for longer than that timer.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import httpx

from tests.contract.answers import answer_of, at_home, call, text_of
from tests.contract.bindings import Bindings
from tests.contract.compare import Expected, arranged, difference
from tests.contract.conversation import Conversation
from tests.contract.recording import NOTHING, Scenario, Step

_UPGRADE = re.compile(r"[A-Z]+ \S+ HTTP/1\.1")
_OPEN = re.compile(r"open wss?://.*")
_ROWS_EXIST = re.compile(r"\(\d+ rows exist\)")


class Difference(AssertionError):
    """What a server did otherwise than was recorded."""


@dataclass(frozen=True)
class Target:
    """A server to play against, as it was set up for the scenario.

    `patience` are the seconds by which the longest of the timers that were set for it has fired,
    `fenced` says whether a read more than was recorded does no harm, and `terminate` sends it
    SIGTERM.
    """

    url: str
    mode: str = "handshake"
    path: str = "/websocket"
    patience: float = 0.0
    fenced: bool = True
    terminate: Callable[[], None] | None = None


class Player:
    """Plays one scenario."""

    def __init__(
        self,
        scenario: Scenario,
        target: Target,
        http: httpx.AsyncClient,
        bindings: Bindings,
    ) -> None:
        self._scenario = scenario
        self._target = target
        self._http = http
        self._bindings = bindings
        self._conversations: dict[str, Conversation] = {}
        self._earlier: list[Conversation] = []  # whose names others have now; they stay open
        self._response: httpx.Response | None = None

    async def play(self) -> None:
        """Play it from the first step to the last.

        Raises:
            Difference: something came otherwise than was recorded.
        """
        try:
            await self._open_those_who_wait()
            for sender, steps in groupby(self._steps(), key=_sender):
                if sender is not None:
                    for step in steps:
                        await self._send(step)
                    self._flush(sender)
                else:
                    await self._receive_all(list(steps))
            for conversation in self._everyone():
                self._check(await conversation.rest())
        finally:
            for conversation in self._everyone():
                await conversation.end()

    def _flush(self, name: str) -> None:
        if name in self._conversations:
            self._conversations[name].flush()

    def _steps(self) -> Iterator[Step]:
        return (step for step in self._scenario.steps if step.connection != "app")

    def _everyone(self) -> list[Conversation]:
        return [*self._earlier, *self._conversations.values()]

    async def _open_those_who_wait(self) -> None:
        firsts: dict[str, Step] = {}
        for step in self._steps():
            firsts.setdefault(step.connection, step)
        for name, step in firsts.items():
            if step.direction != ">>" or step.frame == NOTHING:
                await self._conversation(name)

    async def _conversation(self, name: str) -> Conversation:
        if name not in self._conversations:
            self._conversations[name] = await Conversation.opened(self._target)
        return self._conversations[name]

    async def _send(self, step: Step) -> None:
        if step.seconds is not None and "later" in step.note:
            await asyncio.sleep(step.seconds)  # the pause that was recorded
        frame = at_home(await self._bindings.sent(step), self._target.url)
        if step.on_http:
            self._response = await call(self._http, frame)
        elif step.connection == "ops":
            assert self._target.terminate is not None, f"who is to do this: {frame}"
            self._target.terminate()
        elif not isinstance(frame, str):
            (await self._conversation(step.connection)).say(text_of(frame))
        elif _UPGRADE.match(frame):
            self._set(step.connection, await Conversation.asking(self._target, frame, step))
        elif _OPEN.fullmatch(frame):
            self._set(step.connection, await Conversation.opened(self._target, by_program=True))
        elif frame != NOTHING and not _ROWS_EXIST.fullmatch(frame):
            (await self._conversation(step.connection)).say(text_of(frame))

    def _set(self, name: str, conversation: Conversation) -> None:
        if name in self._conversations:
            self._earlier.append(self._conversations[name])
        self._conversations[name] = conversation

    async def _receive_all(self, steps: list[Step]) -> None:
        # What comes over different connections is in no order.
        for name in dict.fromkeys(step.connection for step in steps):
            mine = [step for step in steps if step.connection == name]
            for what, run in groupby(mine, key=_kind):
                await self._receive(name, what, list(run))

    async def _receive(self, name: str, what: str, steps: list[Step]) -> None:
        if what == "http":
            assert self._response is not None
            got = [answer_of(self._response, step.frame) for step in steps]
            self._check(difference(_expected(steps), got))
            self._learn(steps, got)
            return
        conversation = await self._conversation(name)
        for step in steps if what != "frame" else ():
            hear = {
                "nothing": conversation.silence,
                "close": conversation.closing,
                "upgrade": conversation.upgraded,
            }[what]
            self._check(await hear(step))
        if what == "frame":
            expected = _expected(steps)
            got = arranged(expected, await conversation.frames(steps), conversation.race)
            self._check(difference(expected, got))
            self._check(conversation.too_early(steps))
            self._learn(steps, got)

    def _learn(self, steps: list[Step], got: list[Any]) -> None:
        for step, frame in zip(steps, got, strict=True):
            self._check(self._bindings.learn(step, frame))

    def _check(self, wrong: str | None) -> None:
        if wrong is not None:
            raise Difference(f"{self._scenario.name}, {wrong}")


def _sender(step: Step) -> str | None:
    return step.connection if step.direction == ">>" else None


def _kind(step: Step) -> str:
    if step.on_http:
        return "http"
    if step.direction == "close":
        return "close"
    if step.frame == NOTHING:
        return "nothing"
    is_answer = isinstance(step.frame, str) and step.frame.startswith("HTTP/1.1 ")
    return "upgrade" if is_answer else "frame"


def _expected(steps: Iterable[Step]) -> list[Expected]:
    return [Expected(step.number, step.frame, step.volatile) for step in steps]
