"""Build a Multi-User Chat With JavaScript: https://directus.io/docs/tutorials/projects/build-a-multi-user-chat-with-javascript-and-directus-realtime

What the tutorial's script does with Directus; `show` is what puts a line into its list, and
`email`, `password` and `text` come from its forms. The messages have a `user_created`, whose
`first_name` may be read.
"""

from collections.abc import Callable

from directus_realtime import (
    AuthenticationClient,
    CreateMessage,
    InitMessage,
    Query,
    RealtimeClient,
    Row,
    Subscription,
    authentication,
    create_directus,
    realtime,
)

FIELDS: Query = {"fields": ["*", "user_created.first_name"]}

Show = Callable[[str], object]
Messages = Subscription[InitMessage | CreateMessage]


def make_clients(url: str) -> tuple[AuthenticationClient, RealtimeClient]:
    """Import the SDK Composables, and Establish a WebSocket Client

    Each composable returns a client of its own, which has what the one before had not.
    """
    login = create_directus(url).with_(authentication())
    return login, login.with_(realtime())


async def log_in(
    login: AuthenticationClient, directus: RealtimeClient, email: str, password: str
) -> None:
    """Authenticate, log in and connect

    `connect` returns when Directus has accepted the login, so that no message has to be waited for.
    """
    await login.login(email, password)
    await directus.connect()


def once_authenticated(directus: RealtimeClient, start: Callable[[], object]) -> None:
    """Subscribe To Messages, when the login is accepted

    It is called after each reconnect too. A subscription needs no second call: it continues.
    """
    directus.on_message("auth", lambda answer: answer["status"] == "ok" and start())


async def subscribe(directus: RealtimeClient) -> Messages:
    """Subscribe To Messages, the subscription"""
    return await directus.subscribe("messages", event="create", query=FIELDS)


async def show_new_messages(messages: Messages, show: Show) -> None:
    """Subscribe To Messages, the confirmation, and Display New Messages"""
    async for message in messages:
        if message["event"] == "init":
            print("subscription started")
        else:
            for row in message["data"]:
                show_row(row, show)


async def send(directus: RealtimeClient, text: str) -> Row:
    """Create New Messages"""
    return await directus.items("messages").create({"text": text})


def show_row(row: Row, show: Show) -> None:
    """Display New Messages, one of them"""
    show(f"{row['user_created']['first_name']}: {row['text']}")


async def show_history(directus: RealtimeClient, show: Show) -> None:
    """Display Historical Messages

    The newest ten; the oldest of them is shown first, so that the list goes on below.
    """
    newest: Query = {**FIELDS, "limit": 10, "sort": ["-date_created"]}
    for row in reversed(await directus.items("messages").read(newest)):
        show_row(row, show)


async def chat(url: str, email: str, password: str, show: Show) -> None:
    """Full Code Sample

    `since` is what was read just before: a message that is created between the two is not missed,
    nor is one over a reconnect.
    """
    login = create_directus(url).with_(authentication())
    directus = login.with_(realtime())
    await login.login(email, password)
    await directus.connect()
    newest: Query = {**FIELDS, "limit": 10, "sort": ["-date_created"]}
    rows = await directus.items("messages").read(newest)
    for row in reversed(rows):
        show_row(row, show)
    messages = await directus.subscribe("messages", event="create", query=FIELDS, since=rows)
    async for message in messages:
        for row in message["data"] if message["event"] == "create" else ():
            show_row(row, show)
