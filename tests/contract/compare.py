"""What was recorded against what came: equal but for volatile values, and but for two races.

A volatile value may differ in every run, but not in its shape: a time stays a time, a UUID a UUID.
All else has to be equal, the order of an object's keys included.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Race(Enum):
    """Why frames may come in another order than they were recorded in."""

    NONE = "they may not"
    AUTHOR = "the reply to a mutation and its author's own events are two reads"
    """The reply may stand elsewhere among those events; both keep their own order."""
    PROGRAM = "the SDK's program sent these requests at a pace of its own, which nobody recorded"
    """Requests are handled side by side, so their replies may overtake each other."""


_PART = re.compile(r'\.(\w+)|\[(\d+)\]|\["([^"]+)"\]')
_ABRIDGED = re.compile(r"<(\d+) (?:rows|entries)(?:, ids (\d+)\.\.(\d+) ascending)?>")
_SHAPES = (
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<JWT>"),
    (re.compile(r"\$argon2\w+\$[\w=,$+/]+"), "<hash>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<UUID>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"), "<time>"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"), "<date>"),
    (re.compile(r"(?<![\w-])[\w-]{64}(?![\w-])"), "<token>"),
    (re.compile(r"\d+"), "<number>"),
)


@dataclass(frozen=True)
class Expected:
    """A frame as it was recorded, and the paths in it whose values are volatile."""

    number: int
    frame: Any
    volatile: tuple[str, ...] = ()

    def matches(self, frame: Any) -> bool:
        """Tell whether `frame` is what was recorded."""
        abridged = _abridged(self.frame, frame)
        paths = [_parts(path) for path in self.volatile]
        return _text(_masked(self.frame, paths)) == _text(_masked(abridged, paths))


def values(frame: Any, paths: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the values at those of `paths` that `frame` has, each with its path."""
    found = [(path, _at(frame, _parts(path))) for path in paths]
    return [(path, value) for path, value in found if value is not _MISSING]


def arranged(expected: Sequence[Expected], got: Sequence[Any], race: Race) -> list[Any]:
    """Return what came, in the order of what was recorded as far as `race` makes that the same."""
    left = list(got)
    in_order = []
    for step in expected if race is not Race.NONE else ():
        found = next((frame for frame in left if _stands_for(step, frame, race)), _MISSING)
        if found is not _MISSING:
            left.remove(found)
            in_order.append(found)
    return in_order + left


def difference(expected: Sequence[Expected], got: Sequence[Any]) -> str | None:
    """Say where `got` is not what was recorded; None if it is."""
    for index, step in enumerate(expected):
        frame = got[index] if index < len(got) else _MISSING
        if frame is _MISSING or not step.matches(frame):
            return _said(step, frame, list(got))
    return None


def _stands_for(step: Expected, frame: Any, race: Race) -> bool:
    if race is Race.AUTHOR:
        return _is_event(frame) == _is_event(step.frame)
    return step.matches(frame)


def _is_event(frame: Any) -> bool:
    """Tell whether a mutation, and not a request, brings this frame to a subscription."""
    if not isinstance(frame, dict):
        return False
    told = frame.get("type") == "subscription" and frame.get("event") in _EVENTS
    # What a subscriber may not read comes as an error, once for each event.
    return told or (frame.get("type") == "subscribe" and frame.get("status") == "error")


_EVENTS = ("create", "update", "delete")
_MISSING: Any = object()


def _said(step: Expected, frame: Any, got: list[Any]) -> str:
    what = "nothing" if frame is _MISSING else _text(frame)
    among = f"\n  among: {_text(got)}" if len(got) > 1 else ""
    return f"step {step.number}\n  expected: {_text(step.frame)}\n  got:      {what}{among}"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _parts(path: str) -> tuple[str | int, ...]:
    found = _PART.finditer(path)
    return tuple(int(part[2]) if part[2] else part[1] or part[3] for part in found)


def _at(value: Any, parts: tuple[str | int, ...]) -> Any:
    for part in parts:
        if not _has(value, part):
            return _MISSING
        value = value[part]
    return value


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(value, list) and part < len(value)
    return isinstance(value, dict) and part in value


def _masked(value: Any, paths: list[tuple[str | int, ...]]) -> Any:
    if () in paths:
        return _shape(value)
    if isinstance(value, dict):
        return {key: _masked(item, _below(paths, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, _below(paths, index)) for index, item in enumerate(value)]
    return value


def _below(paths: list[tuple[str | int, ...]], part: str | int) -> list[tuple[str | int, ...]]:
    return [path[1:] for path in paths if path[0] == part]


def _shape(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, name in _SHAPES:
            value = pattern.sub(name, value)
        return value
    return type(value).__name__


def _abridged(expected: Any, got: Any) -> Any:
    """Return `got` with what the recording says of long lists in place of such lists."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return {key: _abridged(expected.get(key), value) for key, value in got.items()}
    found = _ABRIDGED.fullmatch(expected) if isinstance(expected, str) else None
    if found is None or not isinstance(got, list) or len(got) != int(found[1]):
        return got
    if found[2] is None:
        return expected
    ids = list(range(int(found[2]), int(found[3]) + 1))
    return expected if [row.get("id") for row in got] == ids else got
