"""The last frames of a client, for those who inspect it."""

import time
from collections import deque

from .core import codec
from .types import InspectedFrame

FRAMES = 100
"""How many frames are kept, and how many requests whose answer is timed."""

_LONGEST = 2000  # characters of a frame


class Recorder:
    """Keeps the last frames, and finds out how long answers took."""

    def __init__(self) -> None:
        self._frames: deque[InspectedFrame] = deque(maxlen=FRAMES)
        self._asked: dict[str, float] = {}  # when, by what their answer will have too

    def sent(self, text: str) -> None:
        """Record a frame that is written."""
        name = _name(text)
        self._asked.pop(name, None)
        self._asked[name] = time.monotonic()
        if len(self._asked) > FRAMES:
            del self._asked[next(iter(self._asked))]
        self._keep(InspectedFrame(direction="sent", at=time.time(), latency=None, text=text))

    def received(self, text: str) -> None:
        """Record a frame that came."""
        asked = self._asked.pop(_name(text), None)
        latency = None if asked is None else time.monotonic() - asked
        frame = InspectedFrame(direction="received", at=time.time(), latency=latency, text=text)
        self._keep(frame)

    def frames(self) -> list[InspectedFrame]:
        """Return what is kept, the oldest first."""
        return [frame.copy() for frame in self._frames]

    def _keep(self, frame: InspectedFrame) -> None:
        text = str(codec.Masked(frame["text"]))  # whole: a secret that is cut is not recognised
        frame["text"] = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
        self._frames.append(frame)


def _name(text: str) -> str:
    """Return what a request and its answer share: the uid, or else the type, as for ``auth``."""
    try:
        message = codec.decode(text)
    except ValueError:
        return ""
    return str(message.get("uid", message.get("type"))) if isinstance(message, dict) else ""
