"""The documents name exactly the scenarios that are left out, each with its reason."""

from pathlib import Path

from tests.contract.scenarios import NOT_EMBEDDED, STEPS_NOT_EMBEDDED

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "embedded-server.md"


def test_the_table_of_what_is_left_out_is_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    _, _, table = text.partition("| scenario | reason |\n| --- | --- |\n")
    parts = {
        f"{name}, steps {', '.join(map(str, sorted(steps)))}": reason
        for name, (reason, steps) in STEPS_NOT_EMBEDDED.items()
    }
    whole = {**NOT_EMBEDDED, **parts}
    assert table.splitlines() == [f"| {name} | {reason} |" for name, reason in whole.items()]
