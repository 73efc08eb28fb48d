"""Directus' guide "Connect to Realtime Data" in Python: its page, step for step."""

from directus_realtime import UNSET, Since, create_directus, keys_of, realtime, static_token
from js import window
from pyscript import config

from app import console, page
from app.console import log

page.mark("python:ready")
settings = config["directus"]

project = create_directus(settings["url"] or window.location.origin)
if settings["token"]:
    project = project.with_(static_token(settings["token"]))
directus = project.with_(realtime(auth_mode=settings["auth_mode"]))
messages = directus.items("messages")

directus.on_state(lambda change: page.status(change.state, change.error))
directus.on_web_socket("open", lambda _: page.mark("realtime:open"))
page.on_submit(messages.create)

if settings["log"]:
    directus.on_web_socket("open", lambda _: log("Connection is open"))
    directus.on_web_socket("message", console.log_message)
    directus.on_web_socket("close", lambda _: log("Connection has closed"))
    directus.on_web_socket("error", lambda event: log("Connection has had an error", event))


async def show_history() -> Since:
    """Show the last messages; return them, so that the subscription begins where they end."""
    if not settings["history"]:
        return UNSET
    field = settings["recover"] or "id"
    query = {"fields": ["*"], "sort": ["-" + field], "limit": settings["history"]}
    rows = await messages.read(query, quiet=True)
    page.show(rows[::-1], live=False)
    return rows


async def main() -> None:
    """Connect, show the last messages, then log and show every new one."""
    await directus.connect(timeout=None)
    subscription = await directus.subscribe(
        "messages",
        event="create",
        query={"fields": ["user", "text"]},
        recover=settings["recover"] or None,
        since=await show_history(),
    )
    async for item in subscription:
        if settings["log"]:
            log(item)
        page.show(item.get("data", []), keys_of(item))
        page.mark("realtime:subscribed")


page.run(main())
console.expose(messages.create, directus, page.state)
