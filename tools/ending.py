"""How a child process is ended, also where this process is asked to end."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def requests_to_end() -> Iterator[list[int]]:
    """Yield a list that gets the signals by which this process is asked to end.

    By default they would end it at once, and not the child. Ctrl-C raises KeyboardInterrupt.
    """
    asked: list[int] = []
    signals = {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
    if threading.current_thread() is not threading.main_thread():
        signals.clear()  # Python lets no other thread handle them
    handled = [each for each in signals if signal.getsignal(each) is signal.SIG_DFL]
    for each in handled:
        signal.signal(each, lambda number, frame: asked.append(number))
    try:
        yield asked
    finally:
        for each in handled:
            signal.signal(each, signal.SIG_DFL)


@contextlib.contextmanager
def ctrl_c_held() -> Iterator[None]:
    """Let Ctrl-C wait until the block is over.

    A child that is being started runs already while nothing here knows it, and would not be ended.
    """
    came: list[int] = []
    holds = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if holds:
        signal.signal(signal.SIGINT, lambda number, frame: came.append(number))
    try:
        yield
    finally:
        if holds:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if came:
        raise KeyboardInterrupt


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
