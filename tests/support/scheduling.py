"""How pytest-xdist shares out the tests: half of the workers begin with those that use a browser.

Browser tests keep a core busy, and most others wait: so both kinds run beside each other from the
beginning to the end. A worker that has run a browser test gets no other kind any more, since
Playwright's event loop keeps its thread.
"""

import re

import pytest
from xdist.scheduler import LoadScheduling
from xdist.workermanage import WorkerController

AT_ONCE = 4
"""How many browser tests a worker gets at a time: they are long, and the workers end together."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadScheduling | None:
    """Return what shares out the tests for ``--dist load``."""
    return BothKinds(config, log) if config.getoption("dist") == "load" else None


def uses_browser(name: str) -> bool:
    """Tell from a test's name: pytest-playwright puts that of the browser into it."""
    return bool(re.search(r"[\[-]chromium[\]-]", name))


class BothKinds(LoadScheduling):
    """xdist's ``load``, but that every second worker begins with the browser tests."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)
        self._in_browser: set[WorkerController] = set()

    def schedule(self) -> None:
        """Share out the first tests, and see that no worker waits for a second one."""
        super().schedule()
        for node in self.nodes:
            self.check_schedule(node)

    def _send_tests(self, node: WorkerController, num: int) -> None:
        """Send up to ``num`` tests of the kind that is the worker's turn, in their order."""
        assert self.collection is not None
        kinds: dict[bool, list[int]] = {False: [], True: []}
        for index in self.pending:
            kinds[uses_browser(self.collection[index])].append(index)
        if self._takes_browser_tests(node, kinds):
            self._in_browser.add(node)
            sent = kinds[True][: min(num, AT_ONCE)]
        else:
            sent = kinds[False][:num]
        if not sent:
            node.shutdown()
            return
        chosen = set(sent)
        self.pending[:] = [index for index in self.pending if index not in chosen]
        self.node2pending[node].extend(sent)
        node.send_runtest_some(sent)

    def _takes_browser_tests(self, node: WorkerController, kinds: dict[bool, list[int]]) -> bool:
        if node in self._in_browser or not kinds[False]:
            return True
        return bool(kinds[True]) and self.nodes.index(node) % 2 == 1
