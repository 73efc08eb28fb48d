"""The recording of a real Directus, read into steps.

A line of recording.jsonl is one step: ``>>`` was sent, ``<<`` arrived, ``close`` ended a
connection. A frame is the parsed JSON, or the exact text where it is a string that was sent;
``<nothing>`` says that nothing came. ``conn`` names one of several connections: ``http`` is a REST
call, ``app`` what the JS SDK handed to its program, ``ops`` what was done to the server.
``volatile`` lists the JSON paths of values that differ in every run.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

RECORDING = Path(__file__).with_name("recording.jsonl")
RECORDED_VERSION = (12, 4, 0)
CUSTOM = Path(__file__).with_name("custom.jsonl")
"""What was recorded with permissions that Directus 12 has with a licence only."""
CUSTOM_VERSION = (11, 17, 4)
NOTHING = "<nothing>"

Direction = Literal[">>", "<<", "close"]

_ENVIRONMENT = re.compile(r"\[server env: ([^\]]*)\]")
_SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=(\S+)")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?) ?s\b")


@dataclass(frozen=True)
class Step:
    """One line: what went over which connection, and what was remarked about it."""

    number: int
    direction: Direction
    frame: Any
    connection: str
    note: str = ""
    volatile: tuple[str, ...] = ()

    @property
    def on_http(self) -> bool:
        """Whether it is a REST call or its answer."""
        return isinstance(self.frame, dict) and ("http" in self.frame or "body" in self.frame)

    @property
    def seconds(self) -> float | None:
        """The time that the note speaks of."""
        found = _SECONDS.search(_ENVIRONMENT.sub("", self.note))
        return float(found[1]) if found else None


@dataclass(frozen=True)
class Scenario:
    """A named conversation with a server in one of the three authentication modes."""

    name: str
    mode: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """The settings of the server that the notes tell of."""
        told = [found[1] for step in self.steps if (found := _ENVIRONMENT.search(step.note))]
        return {name: value for text in told for name, value in _SETTING.findall(text)}

    def without(self, numbers: frozenset[int]) -> "Scenario":
        """Return the scenario with these of its steps left out."""
        steps = tuple(step for step in self.steps if step.number not in numbers)
        return Scenario(self.name, self.mode, steps)


def read(path: Path = RECORDING) -> list[Scenario]:
    """Return the scenarios in the order in which they were recorded, without the data's line."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    traffic = (line for line in lines if line["scenario"] != "fixture")
    grouped = groupby(traffic, key=lambda line: line["scenario"])
    return [_scenario(name, list(steps)) for name, steps in grouped]


def fixture(path: Path = RECORDING) -> Mapping[str, Any]:
    """Return the data that scenarios start from, as the first line describes it."""
    with path.open(encoding="utf-8") as lines:
        described: Mapping[str, Any] = json.loads(next(lines))["frame"]["fixture"]
    return described


def _scenario(name: str, lines: list[dict[str, Any]]) -> Scenario:
    return Scenario(name, lines[0]["mode"], tuple(map(_step, lines)))


def _step(line: dict[str, Any]) -> Step:
    volatile: Iterable[str] = line.get("volatile", ())
    return Step(
        number=line["step"],
        direction=line["dir"],
        frame=line["frame"],
        connection=line.get("conn", ""),
        note=line.get("note", ""),
        volatile=tuple(volatile),
    )
