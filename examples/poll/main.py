"""A live poll: each vote is an item, and every page counts the items that it sees."""

import asyncio
from collections import Counter
from typing import Any

from directus_realtime import DirectusError, Row, create_directus, realtime, static_token
from js import document, window
from pyscript import config, when

settings = config["directus"]
directus = (
    create_directus(settings["url"] or window.location.origin)
    .with_(static_token(settings["token"]))
    .with_(realtime())
)
status, error = document.getElementById("status"), document.getElementById("error")
choices = document.getElementById("choices")


def show_state(change: Any) -> None:
    """Show whether the connection is there, and if not, why."""
    status.textContent = "live" if change.state == "open" else change.state
    status.dataset.state = change.state
    error.textContent = str(change.error or "")


def count(votes: list[Row]) -> None:
    """Show how many votes each choice has."""
    found = Counter(vote["choice"] for vote in votes)
    for row in choices.querySelectorAll("li"):
        button, bar, number = row.querySelectorAll("button, progress, output")
        bar.max, bar.value = max(1, len(votes)), found[button.value]
        number.textContent = str(found[button.value])


@when("click", "#choices button")
async def vote(event: Any) -> None:
    """Vote, once for each time that the page is opened."""
    choices.disabled = True
    try:
        await directus.items("votes").create({"choice": event.target.value})
    except DirectusError as reason:
        error.textContent = str(reason)
        choices.disabled = False


async def main() -> None:
    """Connect, and count for as long as the page is open."""
    try:
        await directus.connect(timeout=None)
        async with directus.live("votes", query={"fields": ["choice"], "limit": -1}) as live:
            choices.disabled = False
            count(live.rows)
            async for _ in live:
                count(live.rows)
    except DirectusError as reason:
        error.textContent = str(reason)


directus.on_state(show_state)
tasks = [asyncio.ensure_future(main())]  # one that nothing refers to may be collected
