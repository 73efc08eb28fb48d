"""One WebSocket of a scenario: what was said on it, and what was heard."""

import json
import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.contract import raw
from tests.contract.answers import left_out, upgraded
from tests.contract.compare import Race
from tests.contract.recording import Step
from tests.contract.wire import Closed, Connection, Silence, Text, frame_of, upgrade_request

if TYPE_CHECKING:
    from tests.contract.player import Target

_LIMIT = 10.0  # seconds for what comes at once on an idle machine
_MOMENT = 0.5  # seconds in which what is sent at once has come
_UNANSWERED = 1.0  # seconds for a server to answer an upgrade, if ever
_TOKEN = re.compile(r"[?&]access_token=[^&\s]|directus_session_token=")
_MUTATIONS = ("create", "update", "delete")
_EARLY = 0.8  # of a recorded time: sooner than this, a timer has not run its course


class Conversation:
    """What a scenario does on one connection; each method says what was otherwise, or None."""

    def __init__(self, target: "Target", connection: Connection, *, by_program: bool) -> None:
        self._target = target
        self._connection = connection
        self._by_program = by_program
        self._asked = False
        self._admitted = target.mode != "handshake"
        self._is_open = True
        self._last: Any = None
        self._fences = 0
        self._times = [time.monotonic()]
        self._sent = 0
        self._is_author = False

    @property
    def race(self) -> Race:
        """What may be out of order in that which comes now."""
        if self._by_program and self._sent > 1:
            return Race.PROGRAM
        return Race.AUTHOR if self._is_author else Race.NONE

    @classmethod
    async def opened(cls, target: "Target", *, by_program: bool = False) -> "Conversation":
        """Open a WebSocket as the scenarios do that say nothing of it."""
        query = "?access_token=your_access_token" if target.mode == "strict" else ""
        head = f"GET {target.path}{query} HTTP/1.1"
        connection = await Connection.to(target.url, upgrade_request(target.url, head))
        answer = await connection.answer(_LIMIT)
        assert answer.startswith("HTTP/1.1 101 "), f"the server refuses {head}: {answer}"
        return cls(target, connection, by_program=by_program)

    @classmethod
    async def asking(cls, target: "Target", head: str, step: Step) -> "Conversation":
        """Send a recorded upgrade."""
        request = upgrade_request(target.url, head, left_out(step))
        conversation = cls(target, await Connection.to(target.url, request), by_program=False)
        conversation._asked = True
        conversation._is_open = False
        conversation._admitted |= bool(_TOKEN.search(head))
        return conversation

    def say(self, text: str) -> None:
        """Send a message, or do what the recording says in words."""
        self._last = None
        self._sent += 1
        if raw.act(self._connection, text):
            return
        self._connection.send(text)
        try:
            message = json.loads(text)
        except ValueError:
            return
        if isinstance(message, dict) and message.get("action") in _MUTATIONS:
            self._is_author = True

    def flush(self) -> None:
        """Let all that was said since the last wait arrive together, before what others say."""
        self._connection.flush()

    async def frames(self, steps: Sequence[Step]) -> list[Any]:
        """Return what came for `steps`: as many frames, or fewer."""
        got: list[Any] = []
        self._times = (
            self._times[:1] if len(self._times) == 1 else [self._times[0], self._times[-1]]
        )
        for step in steps:
            try:
                arrival = await self._connection.next(_LIMIT + (step.seconds or 0))
            except Silence:
                return got
            self._times.append(time.monotonic())
            got.append(self._heard(arrival, as_text=isinstance(step.frame, str)))
            if isinstance(arrival, Closed):
                return got
        return got

    def _heard(self, arrival: Any, *, as_text: bool) -> Any:
        if not isinstance(arrival, Text):
            self._is_open &= not isinstance(arrival, Closed)
            return frame_of(arrival)
        self._last = json.loads(arrival.text)
        if self._last == {"type": "auth", "status": "ok"} | self._last:
            self._admitted = True
        return arrival.text if as_text else self._last

    def too_early(self, steps: Sequence[Step]) -> str | None:
        """Say which of the frames that just came was sooner than a timer may fire."""
        self._sent, self._is_author = 0, False
        before = self._times[-len(steps) - 1 :]
        for step, previous, at in zip(steps, before, before[1:], strict=False):
            since = {"later": previous, "after": self._times[0]}
            for word, start in since.items():
                if step.seconds is None or word not in step.note or "issue" in step.note:
                    continue
                if at - start < step.seconds * _EARLY:
                    return f"step {step.number} came after {at - start:.2f} s, not: {step.note}"
        return None

    async def silence(self, step: Step) -> str | None:
        """Find that nothing comes."""
        if self._asked:
            return await self._no_answer(step)
        if self._target.patience or not (self._admitted and self._target.fenced):
            came = await self._watch(self._target.patience or step.seconds or _MOMENT)
        else:
            came = await self._fence()
        return f"step {step.number}\n  expected: nothing\n  got:      {came}" if came else None

    async def _no_answer(self, step: Step) -> str | None:
        try:
            answer = await self._connection.answer(_UNANSWERED)
        except Silence:
            return None
        return f"step {step.number}\n  expected: no answer\n  got:      {answer!r}"

    async def _watch(self, seconds: float) -> list[Any]:
        try:
            return [self._heard(await self._connection.next(seconds), as_text=False)]
        except Silence:
            return []

    async def _fence(self) -> list[Any]:
        """Return what comes before the reply to a read of our own."""
        self._fences += 1
        uid = f"fence {self._fences}"
        read = {"type": "items", "collection": "messages", "action": "read", "uid": uid}
        self._connection.send(json.dumps(read | {"query": {"fields": ["id"], "limit": 1}}))
        came: list[Any] = []
        while True:
            arrival = await self._connection.next(_LIMIT)
            if isinstance(arrival, Text) and json.loads(arrival.text).get("uid") == uid:
                return came
            came.append(self._heard(arrival, as_text=False))
            if isinstance(arrival, Closed):
                return came

    async def upgraded(self, step: Step) -> str | None:
        """Compare the answer to an upgrade."""
        self._asked = False
        try:
            got = await self._connection.answer(_LIMIT)
        except Silence:
            return f"step {step.number}\n  expected: {step.frame}\n  got:      nothing"
        self._is_open = got.startswith("HTTP/1.1 101 ")
        wanted, found = (upgraded(step.frame, text) for text in (step.frame, got))
        if wanted != found:
            return f"step {step.number}\n  expected: {wanted}\n  got:      {found}"
        if "server closes the TCP connection" in step.note:
            await self._connection.until_closed(_LIMIT)
        return None

    async def closing(self, step: Step) -> str | None:
        """Await the end of the connection, or bring it about where the SDK's program did."""
        came: list[Any] = []
        if self._by_program and not self._server_has_cause():
            came = await self._fence() if self._admitted else []
            self._connection.close()
        limit = _LIMIT + (step.seconds or 0)
        try:
            arrival = await self._connection.next(limit)
        except Silence:
            return f"step {step.number}\n  expected: close {step.frame}\n  got:      nothing"
        self._times.append(time.monotonic())
        self._is_open = not isinstance(arrival, Closed)
        if came or arrival != Closed(step.frame["code"], step.frame["reason"]):
            got = [*came, frame_of(arrival)]
            return f"step {step.number}\n  expected: close {step.frame}\n  got:      {got}"
        return self.too_early([step])

    def _server_has_cause(self) -> bool:
        """Tell whether the server ends it: after an auth that failed, or an unanswered ping."""
        last = self._last if isinstance(self._last, dict) else {}
        return last.get("type") == "ping" or (
            last.get("type") == "auth" and last.get("status") == "error"
        )

    async def rest(self) -> str | None:
        """Find that nothing more has come, at the end of the scenario."""
        if not (self._is_open and self._admitted and self._target.fenced):
            return None
        came = await self._fence()
        return f"after the last step\n  expected: nothing\n  got:      {came}" if came else None

    async def end(self) -> None:
        """Close what is still open."""
        await self._connection.end()
