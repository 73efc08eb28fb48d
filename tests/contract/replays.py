"""Plays scenarios against servers in the background, so that their timers run side by side."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import httpx
import pytest

from tests.contract.bindings import Bindings, refresh_tokens
from tests.contract.fixtures import messages_of
from tests.contract.player import Difference, Player, Target
from tests.contract.recording import Scenario
from tests.contract.scenarios import Setup, administers, before, setup_of
from tests.support import plain_http


class Server(Protocol):
    """A server that scenarios are played against, one after the other."""

    @property
    def url(self) -> str:
        """Its address."""

    @property
    def known(self) -> Mapping[Any, Any]:
        """Its ids by the recorded ones."""

    def restore(self, messages: str, *, administered: bool) -> None:
        """Put the fixture in the place of all data; `administered`: more than items changed."""

    def terminate(self) -> None:
        """Send it SIGTERM."""

    def stop(self) -> None:
        """End it."""


Launch = Callable[[Setup], Server]


class Replays:
    """The outcomes of playing the scenarios with these names, which begins when this is made.

    `recorded` are all there are, in the order of the recording, and `at_once` is how many servers
    run at a time.
    """

    def __init__(
        self, names: Iterable[str], recorded: Iterable[Scenario], launch: Launch, at_once: int
    ) -> None:
        self._launch = launch
        self._recorded = {scenario.name: scenario for scenario in recorded}
        self._used = _used_tokens(self._recorded.values())
        self._outcomes: dict[str, Future[None]] = {}
        self._closing = False
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="replays")
        for setup, planned in self._planned(names).items():
            self._outcomes |= {name: Future() for name in planned}
            self._pool.submit(self._play_all, setup, planned)

    def result(self, scenario: Scenario) -> None:
        """Wait for a scenario to have been played; fail with what went wrong with it."""
        error = self._outcomes[scenario.name].exception()
        if isinstance(error, Difference):
            pytest.fail(str(error), pytrace=False)
        if error is not None:
            raise error

    def close(self) -> None:
        """End what still runs after its scenario, and begin with no other."""
        self._closing = True
        self._pool.shutdown(cancel_futures=True)

    def _planned(self, names: Iterable[str]) -> dict[Setup, list[str]]:
        wanted = {other for name in names for other in (*before(self._recorded[name]), name)}
        plan: dict[Setup, list[str]] = {}
        for scenario in self._recorded.values():
            if scenario.name in wanted:
                plan.setdefault(setup_of(scenario), []).append(scenario.name)
        # What takes longest first, so that nothing has to wait for it in the end.
        return dict(sorted(plan.items(), key=lambda entry: not entry[0].alone))

    def _play_all(self, setup: Setup, names: list[str]) -> None:
        try:
            server = self._launch(setup)
            try:
                with asyncio.Runner() as runner:
                    runner.run(self._play_each(server, setup, names))
            finally:
                server.stop()
        except BaseException as error:
            # Whoever waits for one that was not played must not wait for ever.
            for name in names:
                if not self._outcomes[name].done():
                    self._outcomes[name].set_exception(error)

    async def _play_each(self, server: Server, setup: Setup, names: list[str]) -> None:
        known, administered = server.known, False
        async with _client(server.url) as http:
            for name in names:
                if self._closing:
                    return
                scenario = self._recorded[name]
                if not before(scenario):
                    known = server.known
                    server.restore(messages_of(scenario), administered=administered)
                administered = administers(scenario)
                used, brief = self._used[name], bool(setup.patience)
                bindings = Bindings(scenario, http, known, used, brief=brief)
                player = Player(scenario, _target(server, setup, scenario), http, bindings)
                await self._play(name, player)
                http.cookies.clear()
                known = bindings.bound

    async def _play(self, name: str, player: Player) -> None:
        try:
            await player.play()
        except Exception as error:
            self._outcomes[name].set_exception(error)
        else:
            self._outcomes[name].set_result(None)


def _client(url: str) -> httpx.AsyncClient:
    # The time is for machines that are busy with something else.
    return plain_http.async_client(base_url=url, timeout=30)


def selected(request: pytest.FixtureRequest) -> list[str]:
    """Return the names of the scenarios that pytest was asked for, for a fixture of a module.

    Another worker has run those before the test that is being set up.
    """
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    mine = [item for item in items if item.getparent(pytest.Module) is request.node]
    current = os.environ["PYTEST_CURRENT_TEST"].removesuffix(" (setup)")
    mine = mine[[item.nodeid for item in mine].index(current) :]
    return [str(item.callspec.params["scenario"]) for item in mine if hasattr(item, "callspec")]


def _target(server: Server, setup: Setup, scenario: Scenario) -> Target:
    return Target(
        url=server.url,
        mode=scenario.mode,
        path=setup.get("WEBSOCKETS_REST_PATH", "/websocket"),
        patience=setup.patience,
        fenced=not setup.get("RATE_LIMITER_ENABLED"),
        terminate=server.terminate,
    )


def _used_tokens(scenarios: Iterable[Scenario]) -> dict[str, frozenset[str]]:
    """Return, for each scenario, the recorded refresh tokens that were sent before it."""
    used: dict[str, frozenset[str]] = {}
    sent: frozenset[str] = frozenset()
    for scenario in scenarios:
        used[scenario.name] = sent
        sent |= refresh_tokens(scenario)
    return used
