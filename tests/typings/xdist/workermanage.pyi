"""The part of pytest-xdist that the tests use: a worker, as the controller sees it."""

from collections.abc import Sequence

class WorkerController:
    def send_runtest_some(self, indices: Sequence[int]) -> None: ...
    def shutdown(self) -> None: ...
