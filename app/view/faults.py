"""Errors of the program: each is a traceback in the console and a line on the page.

The line comes from app/loading.js, which reads every traceback that the console is given: so it is
there whether or not Python is.
"""

import asyncio
import logging
import traceback
from typing import Any

from js import console


def report(error: BaseException) -> None:
    """Write an error's traceback to the console, and so to the page."""
    console.error("".join(traceback.format_exception(error)))


def watch() -> None:
    """Report what nobody catches: errors of tasks, and those that are only logged."""
    asyncio.get_running_loop().set_exception_handler(_report_unhandled)
    logging.getLogger().addHandler(_Console())


def _report_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if isinstance(error, BaseException):
        report(error)
    else:
        console.error(str(context.get("message")))


class _Console(logging.Handler):
    """Writes each record to the console in one piece."""

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if record.levelno >= logging.ERROR:
            console.error(text)
        elif record.levelno >= logging.WARNING:
            console.warn(text)
        else:
            console.info(text)
