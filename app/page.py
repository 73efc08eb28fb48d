"""The page, as the program uses it: plain functions on the document. It knows no client.

What each part of the page shows stands in ``app/view``, in a file of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from js import URL, performance, window

from app.view import faults, messages, signing, status
from app.view.changes import Changes, Client
from app.view.sending import Create, Sending
from app.view.signing import offer as offer_sign_in
from app.view.status import on_connect, show_state, state

__all__ = [
    "address",
    "mark",
    "offer_sign_in",
    "on_connect",
    "run",
    "show",
    "show_freshness",
    "show_history",
    "show_sending",
    "show_state",
    "state",
    "watch",
]


def address() -> str:
    """Return where the page is: its origin, and the path that it has behind a reverse proxy."""
    return str(URL.new(".", window.location.href).href)


def mark(name: str) -> None:
    """Set a user-timing mark; only the first of a name counts."""
    if name not in _marked:
        _marked.add(name)
        performance.mark(name)


def run(program: Callable[[], Awaitable[Any]]) -> None:
    """Run the program, and say on the page why it ended.

    One that ended with an error of the SDK's is run again at the next connection; any other error
    is a fault of the program.
    """

    def run_again() -> None:
        messages.clear()  # it begins with the history
        run(program)

    async def work() -> None:
        try:
            await program()
        except Exception as error:
            if hasattr(error, "code"):
                signing.refused(error, "read")
                status.end(str(error), run_again)
            else:
                status.break_off()
                faults.report(error)
        else:
            status.end("The program has ended: reload the page to start it again.", run_again)
        finally:
            for watching in _watching:
                watching.cancel()
            _watching.clear()

    task = asyncio.ensure_future(work())
    _running.add(task)  # a task that nothing refers to may be collected
    task.add_done_callback(_running.discard)


def watch(client: Client, collection: str) -> None:
    """Show what others change and delete in a collection too, until the program ends."""

    async def work() -> None:
        try:
            await Changes(client, collection).follow()
        except Exception as error:
            faults.report(error)

    _watching.append(asyncio.ensure_future(work()))


def show(rows: object, keys: Sequence[Any] = (), *, live: bool = True) -> None:
    """Show messages, the oldest first.

    Args:
        rows: the messages; what is no list of them is not shown.
        keys: their primary keys, where ``rows`` do not hold them as ``id``.
        live: whether they came while we watched, and are counted.
    """
    shown = messages.show(rows, keys, live=live)
    if _sending:
        _sending[0].arrived(shown)


async def show_history(history: Awaitable[list[Any]]) -> list[Any] | None:
    """Show earlier messages, the oldest first, and return them.

    None where they cannot be read: the page says why, and goes on without them. Where the
    connection was closed meanwhile, the error is raised: whoever closed it connects again.
    """
    try:
        rows = await history
    except Exception as error:
        if not hasattr(error, "code") or state() == "closed":
            raise
        if not signing.refused(error, "read"):
            status.show_error(f"Earlier messages cannot be shown: {error}")
        return None
    show(rows, live=False)
    return rows


def show_freshness(name: str) -> None:
    """Show whether the messages are all there are, in the SDK's words."""
    status.show_freshness(name)
    if name == "live" and _sending:
        _sending[0].live()


def show_sending(create: Create) -> Create:
    """Return ``create`` such that the page shows what it sends; the form uses it too."""
    _sending[:] = [Sending(create, messages.holds, status.is_settling, lambda: state() == "open")]
    return _sending[0].create


_marked: set[str] = set()
_sending: list[Sending] = []
_running: set[asyncio.Future[None]] = set()
_watching: list[asyncio.Future[None]] = []
faults.watch()
