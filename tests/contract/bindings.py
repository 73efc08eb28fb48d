"""What stands for the recorded values that differ in every run: ids, tokens, and times.

Values that came are bound to the recorded ones, so that a later step sends, and expects, the same.
Tokens that the recording sends without having got them are got by logging in.
"""

import asyncio
import base64
import json
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx

from tests.contract.compare import values
from tests.contract.recording import Scenario, Step

_JWT = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_REFRESH = re.compile(r"(?<![\w.-])[\w-]{64}(?![\w.-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY_IN_PATH = re.compile(r"(?<=/)\d+$")

# Who has a password: the tokens of the recording that are not bound are theirs.
POSTER = {"email": "poster@example.com", "password": "poster-pass"}
ADMIN = {"email": "admin@example.com", "password": "d1r3ctu5"}

Substitute = Callable[[str], Awaitable[str]]


class Bindings:
    """Of one scenario: the values of this run by the recorded ones.

    `used` are the refresh tokens that were sent before this scenario was recorded: such a one is
    dead, as every one serves once. `brief` says that tokens last for some seconds only.
    """

    def __init__(
        self,
        scenario: Scenario,
        http: httpx.AsyncClient,
        known: Mapping[Any, Any],
        used: frozenset[str],
        *,
        brief: bool = False,
    ) -> None:
        self._scenario = scenario
        self._http = http
        self._bound: dict[Any, Any] = dict(known)
        self._used = used
        self._brief = brief
        self._spare: str | None = None

    @property
    def bound(self) -> Mapping[Any, Any]:
        """All that is known, for a scenario that goes on where this one ends."""
        return self._bound

    def learn(self, step: Step, frame: Any) -> str | None:
        """Bind what came to what was recorded; say what came otherwise than before."""
        came = dict(values(frame, step.volatile))
        for path, recorded in values(step.frame, step.volatile):
            if path not in came:
                continue
            before = self._bound.setdefault(recorded, came[path]) if _lasts(recorded) else None
            if before is None:
                self._bound[recorded] = came[path]
            elif before != came[path]:
                return f"step {step.number}\n  {path} was {before!r} before, got: {came[path]!r}"
        return None

    async def sent(self, step: Step) -> Any:
        """Return what to send for `step`."""
        frame = step.frame
        for path, recorded in values(frame, step.volatile):
            frame = _put(frame, path, await self._current(recorded))
        return frame

    async def _current(self, recorded: Any) -> Any:
        if recorded in self._bound:
            return self._bound[recorded]
        if not isinstance(recorded, str):
            return recorded
        current = await _replaced(_JWT, recorded, self._token)
        current = await _replaced(_REFRESH, current, self._refresh_token)
        current = _UUID.sub(self._known, current)
        return _KEY_IN_PATH.sub(
            lambda found: str(self._bound.get(int(found[0]), found[0])), current
        )

    def _known(self, found: re.Match[str]) -> str:
        return str(self._bound.get(found[0], found[0]))

    async def _token(self, recorded: str) -> str:
        if recorded not in self._bound:
            self._bound[recorded] = await self._new_token(_claims(recorded))
        return str(self._bound[recorded])

    async def _new_token(self, recorded: Mapping[str, Any]) -> str:
        if "session" in recorded:
            response = await self._log_in(POSTER | {"mode": "session"})
            return response.cookies["directus_session_token"]
        if self._brief:
            # Tokens end at a whole second: one that is issued late in a second has lost it. A
            # later one has to be there before the time to authenticate again is over.
            self._brief = False
            await asyncio.sleep(-time.time() % 1)
        login = (await self._log_in(ADMIN if recorded["admin_access"] else POSTER)).json()["data"]
        self._spare = login["refresh_token"]
        token = str(login["access_token"])
        if "expired" in self._scenario.name:
            await asyncio.sleep(max(0.0, _claims(token)["exp"] + 0.1 - time.time()))
        if "tampered" in self._scenario.name:
            head, signature = token.rsplit(".", 1)
            return f"{head}.{signature[::-1]}"
        return token

    async def _refresh_token(self, recorded: str) -> str:
        if recorded not in self._bound:
            self._bound[recorded] = await self._new_refresh_token()
            if recorded in self._used:
                body = {"refresh_token": self._bound[recorded], "mode": "json"}
                (await self._http.post("/auth/refresh", json=body)).raise_for_status()
        return str(self._bound[recorded])

    async def _new_refresh_token(self) -> str:
        # A login gives both: what came with a token that the scenario has sent belongs to it.
        spare, self._spare = self._spare, None
        return spare or str((await self._log_in(POSTER)).json()["data"]["refresh_token"])

    async def _log_in(self, credentials: Mapping[str, str]) -> httpx.Response:
        response = await self._http.post("/auth/login", json=credentials)
        response.raise_for_status()
        return response


def refresh_tokens(scenario: Scenario) -> frozenset[str]:
    """Return the recorded refresh tokens that were sent in `scenario`."""
    sent = (step for step in scenario.steps if step.direction == ">>")
    found = (values(step.frame, step.volatile) for step in sent)
    return frozenset(
        value for pairs in found for path, value in pairs if path.endswith("refresh_token")
    )


def _lasts(recorded: Any) -> bool:
    """Tell a value that is one thing for ever, as a key is, from a number that may be several."""
    return isinstance(recorded, str) and bool(_UUID.fullmatch(recorded))


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def _replaced(pattern: re.Pattern[str], text: str, substitute: Substitute) -> str:
    for recorded in dict.fromkeys(pattern.findall(text)):
        text = text.replace(recorded, await substitute(recorded))
    return text


def _put(value: Any, path: str, new: Any) -> Any:
    """Return a copy of `value` with `new` at `path`."""
    if path == "$":
        return new
    whole = {"$": json.loads(json.dumps(value))}
    holder: Any = whole
    *above, last = re.findall(r"\w+|\$", path)
    for part in above:
        holder = holder[int(part) if isinstance(holder, list) else part]
    holder[int(last) if isinstance(holder, list) else last] = new
    return whole["$"]
