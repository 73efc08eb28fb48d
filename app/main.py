"""Directus' guide "Connect to Realtime Data" in Python: its page, step for step."""

from directus_realtime import UNSET, create_directus, keys_of, realtime, static_token
from pyscript import config

from app import console, devtools, login, page
from app.console import log
from app.settings import Settings

page.mark("python:ready")
settings = Settings(**config.get("directus", {}))

project, mode = create_directus(settings.url or page.address()), settings.auth_mode
if settings.token:
    project = project.with_(static_token(settings.token))
else:
    project, mode = login.offer_sign_in(project, mode)
directus = project.with_(realtime(auth_mode=mode, queue_timeout=None))
messages = directus.items("messages")
create = page.show_sending(messages.create)

directus.on_state(page.show_state)
directus.on_freshness(page.show_freshness)
directus.on_web_socket("open", lambda _: page.mark("realtime:open"))
page.on_connect(directus.connect)

if settings.log:
    directus.on_web_socket("open", lambda _: log("Connection is open"))
    directus.on_web_socket("message", console.log_message)
    directus.on_web_socket("close", lambda _: log("Connection has closed"))
    directus.on_web_socket("error", lambda event: log("Connection has had an error", event))


async def main() -> None:
    """Connect, show the last messages, then log and show every new one."""
    await directus.connect(timeout=None)
    field, rows = settings.recover or "id", None
    if settings.history:
        rows = await page.show_history(messages.newest(settings.history, by=field))
    subscription = await directus.subscribe(
        "messages",
        event="create",
        query={"fields": ["user", "text"]},
        recover=settings.recover or None,
        since=UNSET if rows is None else rows,  # it begins where they end
    )
    if settings.recover:
        page.watch(directus, "messages")  # what others change and delete
    async for item in subscription:
        if settings.log:
            log(item)
        page.show(item.get("data"), keys_of(item))
        page.mark("realtime:subscribed")


page.run(main)
devtools.expose(create, directus, page.state)
