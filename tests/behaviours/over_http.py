"""The rest composable: requests over HTTP, in the browser by way of pyodide-http."""

from directus_realtime import (
    ConnectionFailed,
    RestClient,
    ServerError,
    create_directus,
    create_item,
    create_items,
    delete_item,
    delete_items,
    read_item,
    read_items,
    read_me,
    rest,
    server_ping,
    static_token,
    update_item,
    update_items,
)

from tests.behaviours.context import Context, failure


async def items_are_created_read_updated_and_deleted(ctx: Context) -> None:
    directus = _client(ctx)
    one = await directus.request(create_item("messages", {"text": "Grüße", "user": ctx.user}))
    assert one["text"] == "Grüße"
    two, three = await directus.request(
        create_items("messages", [{"text": text, "user": ctx.user} for text in ("b", "c")])
    )
    query = {"filter": ctx.mine, "fields": ["text"], "sort": ["-id"]}
    found = await directus.request(read_items("messages", query))
    assert found == [{"text": "c"}, {"text": "b"}, {"text": "Grüße"}]
    changed = await directus.request(update_item("messages", one["id"], {"text": "A & B"}))
    assert changed["text"] == "A & B"
    several = await directus.request(
        update_items("messages", [two["id"], three["id"]], {"text": "both"}, {"fields": ["text"]})
    )
    assert several == [{"text": "both"}] * 2
    assert await directus.request(delete_item("messages", one["id"])) is None
    assert await directus.request(delete_items("messages", {"filter": ctx.mine})) is None
    assert await directus.request(read_items("messages", query)) == []


async def one_item_the_user_and_the_server_are_asked_for(ctx: Context) -> None:
    directus = _client(ctx)
    item = await directus.request(create_item("messages", {"text": "x"}, {"fields": ["id"]}))
    found = await directus.request(read_item("messages", item["id"], {"fields": ["text"]}))
    me = await directus.request(read_me())
    assert (set(item), found) == ({"id"}, {"text": "x"})
    assert isinstance(me["id"], str)
    assert await directus.request(server_ping()) == "pong"


async def an_error_carries_directus_own_code_and_words(ctx: Context) -> None:
    error = await failure(_client(ctx).request(read_item("messages", 999_999_999)), ServerError)
    assert error.code == "FORBIDDEN"
    assert error.message.startswith("You don't have permission")


async def without_a_token_one_has_the_publics_rights(ctx: Context) -> None:
    nobody = create_directus(ctx.url).with_(rest())
    error = await failure(nobody.request(read_items("messages")), ServerError)
    assert error.code == "FORBIDDEN"
    wrong = create_directus(ctx.url).with_(static_token("wrong")).with_(rest())
    error = await failure(wrong.request(read_items("messages")), ServerError)
    assert error.code == "INVALID_CREDENTIALS"


async def where_nothing_answers_it_says_so(ctx: Context) -> None:
    directus = _client(ctx)
    await directus.request(server_ping())  # a page fetches from the same server what this needs
    await ctx.refuse()
    await failure(directus.request(server_ping()), ConnectionFailed, "Nothing answers at")


def _client(ctx: Context) -> RestClient:
    return create_directus(ctx.url).with_(static_token(ctx.token)).with_(rest())
