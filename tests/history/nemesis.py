"""Inflicts the faults of a schedule on a proxy and the servers behind it."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from tests.history.events import Injected
from tests.history.recorder import PATIENCE, Recorder
from tests.history.schedule import Fault, Kind
from tests.support.proxy import TcpProxy


class Server(Protocol):
    """One server that can be killed and stopped."""

    port: int

    def kill(self) -> None: ...
    def start(self) -> object: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


class Nemesis:
    """Does harm, and heals it.

    Args:
        proxy: what the clients connect to. It leads to the first server.
        servers: the servers; of two, one is left whenever the other is killed.
        recorder: is told what is done.
    """

    def __init__(self, proxy: TcpProxy, servers: Sequence[Server], recorder: Recorder) -> None:
        self._proxy = proxy
        self._servers = list(servers)  # the proxy leads to the first
        self._recorder = recorder
        self._struck = threading.Event()
        self._healer = ThreadPoolExecutor(1)

    def arm(self, fault: Fault) -> "Future[None]":
        """Have a fault strike when its bytes have gone; return when it is healed, as a future."""
        self._struck.clear()
        strike = lambda: self._strike(fault)  # noqa: E731
        self._proxy.strike_after(fault.direction, fault.after, strike)
        return self._healer.submit(self._heal, fault)

    def strike_now(self) -> None:
        """Have the fault strike, if too few bytes have gone for it."""
        self._proxy.strike_now()

    def close(self) -> None:
        """Do no harm any more."""
        self._healer.shutdown()

    def _strike(self, fault: Fault) -> None:
        self._recorder.record(Injected(str(fault)))
        match fault.kind:
            case Kind.CUT:
                self._proxy.cut()
            case Kind.HALF_CLOSE:
                self._proxy.half_close(fault.direction)
            case Kind.STALL:
                self._proxy.hold(fault.direction)
            case Kind.LOSE:
                self._proxy.swallow(fault.direction)
            case Kind.KILL:
                self._servers[0].kill()
                self._lead_to_the_other()
            case Kind.PAUSE:
                self._servers[0].pause()
            case Kind.SWITCH:
                self._lead_to_the_other()
                self._proxy.cut()
        self._struck.set()

    def _heal(self, fault: Fault) -> None:
        assert self._struck.wait(PATIENCE), f"{fault} did not strike"
        if fault.kind in (Kind.STALL, Kind.LOSE, Kind.PAUSE):
            time.sleep(fault.seconds)
        match fault.kind:
            case Kind.STALL:
                self._proxy.release(fault.direction)
            case Kind.LOSE:
                self._proxy.cut()
            case Kind.KILL:
                self._servers[-1].start()
            case Kind.PAUSE:
                self._servers[0].resume()
            case Kind.EXPIRE:
                assert self._recorder.wait_expired(), "no token expired on an open connection"

    def _lead_to_the_other(self) -> None:
        self._servers.reverse()
        self._proxy.lead_to(self._servers[0].port)
