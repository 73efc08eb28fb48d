"""Draws the connection's states from their table: `python -m tests.support.diagram` prints it."""

from directus_realtime.core.states import TRANSITIONS


def diagram() -> str:
    """Return the table as a Mermaid state diagram, which GitHub draws."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> closed"]
    for state, causes in TRANSITIONS.items():
        lines += [f"    {state} --> {target}: {cause}" for cause, target in causes.items()]
    return "\n".join([*lines, "```"])


if __name__ == "__main__":
    print(diagram())
