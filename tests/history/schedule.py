"""Faults from a seed: what strikes, after how many bytes, in which direction, for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.support.proxy import ANSWERS, REQUESTS


class Kind(StrEnum):
    """What can go wrong."""

    CUT = "cut"  # every connection is dropped, both ways
    HALF_CLOSE = "half-close"  # one direction ends, and the other goes on
    STALL = "stall"  # one direction is held back, and comes late
    LOSE = "lose"  # one direction is thrown away, and the connections are cut after a while
    KILL = "kill"  # SIGKILL to the server, which is started again
    PAUSE = "pause"  # SIGSTOP to the server, then SIGCONT
    EXPIRE = "expire"  # nothing is sent until an access token has expired
    SWITCH = "switch"  # all are led to the other node


NETWORK = (Kind.CUT, Kind.HALF_CLOSE, Kind.STALL, Kind.LOSE)
ONE_SERVER = (*NETWORK, Kind.KILL, Kind.PAUSE)
TWO_NODES = (*ONE_SERVER, Kind.SWITCH)

_BYTES = 60  # of a create on the wire, at the least; so that most strikes find their bytes
_LONGEST = 2.0  # seconds that a fault lasts


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: what happens.
        direction: REQUESTS or ANSWERS, by which the bytes are counted and where it happens.
        after: after how many bytes it strikes.
        seconds: how long it lasts.
    """

    kind: Kind
    direction: str
    after: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind} after {self.after} bytes of {self.direction}, {self.seconds:.2f} s"


def schedule(seed: int, kinds: Sequence[Kind], faults: int, *, creates: int) -> list[Fault]:
    """Return faults, each kind equally often if there are enough; the same for the same seed.

    Args:
        seed: the seed.
        kinds: what may happen.
        faults: how many.
        creates: how many items are created in the meantime of each.
    """
    random = Random(seed)
    drawn = [kinds[number % len(kinds)] for number in range(faults)]
    random.shuffle(drawn)
    return [
        Fault(
            kind,
            random.choice((REQUESTS, ANSWERS)),
            random.randrange(1, creates * _BYTES),
            random.uniform(0.1, _LONGEST),
        )
        for kind in drawn
    ]
