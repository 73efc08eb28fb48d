"""The lock, between two descriptors of one process, which it keeps apart like two processes."""

from pathlib import Path
from threading import Event, Thread

from tools.locking import file_lock


def test_a_free_lock_is_taken_without_waiting(tmp_path: Path) -> None:
    waits: list[int] = []
    for _ in range(2):
        with file_lock(tmp_path / "lock", lambda: waits.append(1)):
            pass
    assert waits == []


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    order: list[str] = []
    waiting = Event()

    def second() -> None:
        with file_lock(tmp_path / "lock", waiting.set):
            order.append("second")

    thread = Thread(target=second)
    with file_lock(tmp_path / "lock", lambda: None):
        thread.start()
        waiting.wait()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
