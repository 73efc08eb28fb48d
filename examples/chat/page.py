"""The chat's page, as main.py uses it. It knows no client."""

from collections.abc import Sequence
from typing import Any

from js import Date, document
from pyscript import when

SILENCE = 60_000  # milliseconds without a sign of life, after which a person is away
_WORDS = {"open": "connected", "closed": "not connected", "waiting": "reconnecting"}

element = document.getElementById
_items: dict[int, Any] = {}  # the list's items by the messages' keys


def take_login() -> tuple[str, str]:
    """Return the e-mail and the password, which is not kept: so nobody logs in twice at a time."""
    email, password = element("email").value, element("password").value
    element("password").value = ""
    return email, password


def enter(user: str) -> None:
    """Show an empty chat to a user."""
    element("messages").replaceChildren()
    _items.clear()
    document.body.dataset.user = user  # the style sheet shows the rest
    element("text").focus()


def leave(error: object) -> None:
    """Show the login again, and why."""
    document.body.dataset.user = ""
    tell(error)


def tell(error: object) -> None:
    """Show what went wrong, in the SDK's sentence."""
    element("error").textContent = str(error)


def show_state(change: Any) -> None:
    """Show whether the connection is there, and if not, why."""
    _show_status(change.state)
    if change.error or change.state == "open":
        tell(change.error or "")


def show(row: dict[str, Any]) -> None:
    """Show a message at its place, or what is different in it."""
    key, author = row["id"], row["user_created"] or {}
    if key not in _items:
        item = element("message").content.firstElementChild.cloneNode(True)
        item.dataset.key = str(key)
        item.classList.toggle("own", author.get("id") == document.body.dataset.user)
        later = [other for other in _items if other > key]
        element("messages").insertBefore(item, _items[min(later)] if later else None)
        _items[key] = item
    name, time, text = _items[key].querySelectorAll("b, time, p")
    name.textContent = _name_of(row)
    time.textContent = Date.new(row["date_created"]).toLocaleTimeString()
    text.textContent = row["text"]


def remove(key: int) -> None:
    """Show a message no longer."""
    _items.pop(key).remove()


def show_people(rows: Sequence[dict[str, Any]]) -> None:
    """Show who is there. What counts is the server's clock: the newest sign of life is now."""
    seen = {row["id"]: Date.parse(row["date_updated"] or "1970-01-01") for row in rows}
    element("people").replaceChildren()
    for row in rows:
        is_away = row["away"] or max(seen.values()) - seen[row["id"]] > SILENCE
        item = document.createElement("li")
        item.className = "away" if is_away else "here"
        item.textContent = f"{_name_of(row)} is away" if is_away else _name_of(row)
        element("people").append(item)


def is_hidden() -> bool:
    """Return whether nobody looks at the page."""
    return bool(document.hidden)


def take_draft() -> tuple[str, int | None]:
    """Return what is written, and the key of the message that it replaces; empty the form."""
    text, key = element("text").value, element("composer").dataset.key
    element("composer").reset()
    return text, int(key) if key else None


@when("reset", "#composer")
def write_a_new_one(_event: object) -> None:
    """What is written next replaces nothing."""
    element("composer").dataset.key = ""


def give_back(text: str, key: int | None, error: object) -> None:
    """Show why a text was not sent, and put it back, unless another one is being written."""
    tell(error)
    if not element("text").value:
        element("text").value, element("composer").dataset.key = text, str(key or "")


def action_of(target: Any) -> tuple[str, int]:
    """Return what was clicked, "edit" or "delete", and in which message; "" for nothing."""
    button = target.closest("button")
    return (button.value, int(button.closest("li").dataset.key)) if button else ("", 0)


def edit(key: int) -> None:
    """Put a message into the form."""
    element("composer").dataset.key = str(key)
    element("text").value = _items[key].querySelector("p").textContent
    element("text").focus()


def _show_status(state: str) -> None:
    element("status").textContent = _WORDS.get(state, state)
    element("status").dataset.state = state


def _name_of(row: dict[str, Any]) -> str:
    return (row["user_created"] or {}).get("first_name") or "Somebody"


_show_status("closed")  # Python is there, and the login is shown
