"""README's programs, as a person would save and start them."""

import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import processes
from tests.support.embedded import ROOT

_ADDRESS = "http://127.0.0.1:8000"
_LINES = 8


def block(heading: str, language: str = "python") -> str:
    """Return README's first block in a language after a heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    return text.split(f"```{language}\n")[1].split("```")[0]


def source(url: str, heading: str = "The quickstart") -> str:
    """Return a program's code with the address of a server in place of README's."""
    code = block(heading)
    assert _ADDRESS in code
    return code.replace(_ADDRESS, url)


def more(url: str) -> str:
    """Return the quickstart with what README puts into its ``main`` besides."""
    start, connect, rest = source(url).partition("    await directus.connect()\n")
    end = rest[rest.index("\n\nasyncio.run") :]
    return start + connect + textwrap.indent(block("More than the guide"), "    ") + end


@contextmanager
def running(
    python: str | Path, script: Path, code: str, env: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    """Save ``code`` as ``script`` and run it in its folder for as long as the block takes."""
    script.write_text(code, encoding="utf-8")
    command = [str(python), "-u", str(script)]
    with processes.running(command, stdout=subprocess.PIPE, cwd=script.parent, env=env) as process:
        yield process


def first_lines(process: subprocess.Popen[str], count: int = _LINES) -> list[str]:
    """Return the first lines that a program prints: by default all that the quickstart does."""
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def check(lines: list[str]) -> None:
    """See that these are the quickstart's lines, whatever their order after the first two."""
    assert lines[:2] == ["New message of type auth", "Connection is open"]
    assert "Created 1" in lines
    assert any("'event': 'create'" in line and "Hello World!" in line for line in lines)
