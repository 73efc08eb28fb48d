"""The command line of serve.py: which command it asks for, and how that ends."""

import sys
from dataclasses import fields
from typing import Protocol

from tools.commands import build, provision, serve
from tools.commands.build import Build
from tools.commands.provision import Provision
from tools.commands.serve import Serve
from tools.options import OptionParser, unknown
from tools.steps import SetupError

_COMMANDS = {
    "provision": (Provision, provision.ABOUT, provision.MORE),
    "build": (Build, build.ABOUT, build.MORE),
}
_NAMES = "".join(
    f"  serve.py {name:<10} {about[0].lower()}{about[1:]}\n"
    for name, (_, about, _) in _COMMANDS.items()
)


class Command(Protocol):
    """What one command does, with its options."""

    def run(self) -> None:
        """Do it; raises SetupError."""


def run(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code. Ctrl-C raises KeyboardInterrupt."""
    command = read(arguments)
    try:
        command.run()
    except SetupError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1
    return 0


def read(arguments: list[str]) -> Command:
    """Return the command that is asked for; exit with 2 if the command line is wrong."""
    name = next((word for word in arguments[:1] if word in _COMMANDS), None)
    if name is None:
        return _read(OptionParser("serve.py", serve.ABOUT, serve.MORE + _NAMES), Serve, arguments)
    command, about, more = _COMMANDS[name]
    return _read(OptionParser(f"serve.py {name}", about, more), command, arguments[1:])


def _read(
    parser: OptionParser, kind: type[Serve] | type[Provision] | type[Build], given: list[str]
) -> Command:
    kind.add_arguments(parser)
    found, stray = parser.read_some(given) if kind is Serve else (parser.read(given), [])
    if stray and stray[0] in _COMMANDS:
        parser.error(f"a command comes first: serve.py {stray[0]} OPTIONS")
    if stray:
        parser.error(unknown("command", stray[0], _COMMANDS))
    command = kind(**{field.name: getattr(found, field.name) for field in fields(kind)})
    if isinstance(command, Serve) and command.direct and command.directus is None:
        parser.error("--direct needs --directus URL")
    return command
