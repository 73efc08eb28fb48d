"""Signing in and out: a form in the composer's place, where no token is set.

Somebody who has signed in or out has the page loaded anew, with the rights that they then have, and
goes on at the form that is there then.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar, Protocol

from js import document, location, window
from pyodide.ffi import JsException, create_proxy

_LOADED_ANEW = "signing"  # the name in sessionStorage
_KEEPS_NOTHING = (
    "This browser stores nothing for this site, so you cannot stay signed in: allow that in its "
    "settings, or make room there, then reload the page."
)


class Client(Protocol):
    """What is needed of a client that can log in."""

    def login(self, email: str, password: str) -> Coroutine[Any, Any, Any]:
        """Log in, and store that."""

    def logout(self) -> Coroutine[Any, Any, None]:
        """Forget the login."""


class _SignIn:
    """What is offered."""

    client: Client | None = None
    has_login: ClassVar[Callable[[], bool | None]]
    has_signed_in = False
    is_needed = False


def offer(client: Client, has_login: Callable[[], bool | None]) -> None:
    """Offer to sign in where something is refused, or to sign out.

    Args:
        client: what logs in.
        has_login: returns whether the browser keeps a login; None where it keeps nothing.
    """
    _SignIn.client, _SignIn.has_login = client, has_login
    _SignIn.has_signed_in = bool(has_login())
    document.getElementById("sign-out").hidden = not _SignIn.has_signed_in
    if _was_loaded_anew():
        document.getElementById("text").focus()


def is_needed() -> bool:
    """Return whether the form is shown."""
    return _SignIn.is_needed


def refused(error: object, what: str) -> bool:
    """Show the form because ``what`` is refused; return whether signing in may help.

    Who has signed in and is refused something has not the right to it.
    """
    may_help = _SignIn.client is not None and not _SignIn.has_signed_in
    if may_help and getattr(error, "code", "") == "FORBIDDEN":
        require(f"The public may not {what} messages: sign in to do so.")
    return _SignIn.is_needed


def ended(error: object) -> bool:
    """Show the form because there is no login, or no more; return whether signing in may help."""
    if _SignIn.client is not None and getattr(error, "code", "") != "CONNECTION_FAILED":
        require("Sign in to read and write messages.")
    return _SignIn.is_needed


def require(why: str) -> None:
    """Show the form in the composer's place, and say why."""
    if _SignIn.is_needed:
        return
    _SignIn.is_needed = True
    composer, form = document.getElementById("composer"), document.getElementById("sign-in")
    was_writing = composer.contains(document.activeElement)
    composer.hidden, form.hidden = True, False
    keeps = _SignIn.has_login() is not None
    document.querySelector("#sign-in button").disabled = not keeps
    document.getElementById("why").textContent = why if keeps else _KEEPS_NOTHING
    if was_writing:
        document.getElementById("email").focus()


def _sign_in(event: Any) -> None:
    event.preventDefault()

    async def sign_in(client: Client) -> None:
        button = document.querySelector("#sign-in button")
        email, password = document.getElementById("email"), document.getElementById("password")
        button.disabled = True
        try:
            await client.login(email.value, password.value)
        except Exception as error:
            if not hasattr(error, "code"):  # no error of the SDK's: a fault of this program
                raise
            document.getElementById("why").textContent = str(error)
            password.focus()
        else:
            if _SignIn.has_login():
                _load_anew()
            else:  # loaded anew, the page would ask again
                document.getElementById("why").textContent = _KEEPS_NOTHING
        finally:
            button.disabled = False

    if _SignIn.client is not None:
        _start(sign_in(_SignIn.client))


def _sign_out(_event: object) -> None:
    async def sign_out(client: Client) -> None:
        try:
            await client.logout()
        except Exception as error:  # it is forgotten here all the same
            if not hasattr(error, "code"):
                raise
        _load_anew()

    if _SignIn.client is not None:
        _start(sign_out(_SignIn.client))


def _load_anew() -> None:
    with suppress(JsException):  # where the browser refuses it, the focus is at the page's start
        window.sessionStorage.setItem(_LOADED_ANEW, "1")
    location.reload()


def _was_loaded_anew() -> bool:
    """Return, once, whether the page was loaded because somebody has signed in or out."""
    try:
        was = window.sessionStorage.getItem(_LOADED_ANEW) == "1"
        window.sessionStorage.removeItem(_LOADED_ANEW)
    except JsException:
        return False
    return was


def _start(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    _running.add(task)  # a task that nothing refers to may be collected
    task.add_done_callback(_running.discard)


_running: set[asyncio.Future[None]] = set()
document.getElementById("sign-in").addEventListener("submit", create_proxy(_sign_in))
document.getElementById("sign-out").addEventListener("click", create_proxy(_sign_out))
