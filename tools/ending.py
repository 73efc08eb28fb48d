"""How a child process is ended, also where this process is asked to end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any


@contextlib.contextmanager
def requests_to_end() -> Iterator[list[int]]:
    """Yield a list that gets the signals by which this process is asked to end.

    By default they would end it at once, and not the child. Ctrl-C raises KeyboardInterrupt.
    """
    signals = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
    with _recorded(signals, signal.SIG_DFL) as asked:
        yield asked


@contextlib.contextmanager
def ctrl_c_held() -> Iterator[None]:
    """Let Ctrl-C wait until the block is over.

    A child that is being started runs already while nothing here knows it, and would not be ended.
    """
    with _recorded({signal.SIGINT}, signal.default_int_handler) as came:
        yield
    if came:
        raise KeyboardInterrupt


@contextlib.contextmanager
def _recorded(signals: Iterable[signal.Signals], usual: Any) -> Iterator[list[int]]:
    """Yield a list that gets those of `signals` that come, where their handler is the `usual`."""
    came: list[int] = []
    is_main = threading.current_thread() is threading.main_thread()  # others may handle none
    handled = [each for each in signals if is_main and signal.getsignal(each) is usual]
    for each in handled:
        signal.signal(each, lambda number, frame: came.append(number))
    try:
        yield came
    finally:
        for each in handled:
            signal.signal(each, usual)


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the child and all that it started; it may have ended already."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.terminate()
    else:
        os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        if sys.platform == "win32":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
