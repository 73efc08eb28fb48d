"""The command line of serve.py: which command it asks for, and how that ends."""

import argparse
import sys
from dataclasses import fields
from typing import Protocol

from tools.commands import build, provision
from tools.commands.build import Build
from tools.commands.provision import Provision
from tools.commands.serve import Serve
from tools.steps import SetupError

INTERRUPTED = 130
"""The exit code after Ctrl-C, as a shell has it."""


class Command(Protocol):
    """What one command does, with its options."""

    def run(self) -> None:
        """Do it; raises SetupError."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; return the exit code."""
    command = read(arguments)
    try:
        command.run()
    except SetupError as error:
        print(f"serve.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def read(arguments: list[str]) -> Command:
    """Return the command that is asked for; exit with 2 if the command line is wrong."""
    parser = argparse.ArgumentParser(
        prog="serve.py",
        description="Serve the page, and a server for it to talk to. The first start sets up.",
    )
    parser.set_defaults(command=Serve)
    Serve.add_arguments(parser)
    commands = parser.add_subparsers(metavar="provision | build")
    _add(commands, "provision", provision.ABOUT, Provision)
    _add(commands, "build", build.ABOUT, Build)
    found = parser.parse_args(arguments)
    options = {field.name: getattr(found, field.name) for field in fields(found.command)}
    command: Command = found.command(**options)
    if isinstance(command, Serve) and command.direct and command.directus is None:
        parser.error("--direct needs --directus URL")
    return command


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    about: str,
    command: type[Build] | type[Provision],
) -> None:
    parser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=command)
    command.add_arguments(parser)
