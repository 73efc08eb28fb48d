"""Draws the state machines from their tables: `python -m tests.support.diagram` prints them."""

from collections.abc import Mapping
from typing import Any

from directus_realtime.core.states import SUBSCRIPTION_TRANSITIONS, TRANSITIONS


def diagram(table: Mapping[Any, Mapping[Any, str]]) -> str:
    """Return a table as a Mermaid state diagram, which GitHub draws; it begins with its first."""
    names = {state: state.replace(" ", "_").replace("-", "_") for state in table}
    first = next(iter(table))
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f"    {name}: {state}" for state, name in names.items() if name != state]
    lines.append(f"    [*] --> {names[first]}")
    for state, causes in table.items():
        lines += [f"    {names[state]} --> {names[target]}: {c}" for c, target in causes.items()]
        lines += [] if causes else [f"    {names[state]} --> [*]"]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    print(diagram(TRANSITIONS))
    print(diagram(SUBSCRIPTION_TRANSITIONS))
