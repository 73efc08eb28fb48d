"""Actions: https://directus.io/docs/guides/realtime/actions

`directus` is a client that is connected, and each call gives what the guide calls the `data` of the
answer. Directus answers an update and a delete as it does any other action; the answer for one `id`
is one item, or its key, and for several a list.
"""

import asyncio
from typing import Any

from directus_realtime import RealtimeClient


async def read_item(directus: RealtimeClient, key: int) -> Any:
    """Read Items, the message and the answer"""
    return await directus.items("messages").read(id=key)


async def read_several(directus: RealtimeClient, keys: list[int]) -> Any:
    """Read Multiple Items, by their keys"""
    return await directus.items("messages").read(ids=keys)


async def read_all(directus: RealtimeClient) -> Any:
    """Read Multiple Items, all of them"""
    return await directus.items("messages").read()


async def create_item(directus: RealtimeClient) -> Any:
    """Create Items, the message and the answer"""
    return await directus.items("messages").create({"text": "Hello!", "user": "Ben"})


async def create_several(directus: RealtimeClient) -> Any:
    """Create Multiple Items"""
    return await directus.items("messages").create([{"text": "Hello!"}, {"text": "Bye!"}])


async def update_item(directus: RealtimeClient, key: int) -> Any:
    """Update Items, the message and the answer"""
    return await directus.items("messages").update({"text": "Hi!"}, id=key)


async def update_several(directus: RealtimeClient, keys: list[int]) -> Any:
    """Update Multiple Items"""
    return await directus.items("messages").update({"text": "Hi!"}, ids=keys)


async def delete_item(directus: RealtimeClient, key: int) -> Any:
    """Delete Items, the message and the answer"""
    return await directus.items("messages").delete(id=key)


async def delete_several(directus: RealtimeClient, keys: list[int]) -> Any:
    """Delete Multiple Items, by their keys"""
    return await directus.items("messages").delete(ids=keys)


async def delete_by_query(directus: RealtimeClient) -> Any:
    """Delete Multiple Items, by a query"""
    return await directus.items("messages").delete(query={"filter": {"user": {"_eq": "Ben"}}})


async def delete_all(directus: RealtimeClient) -> Any:
    """Delete Multiple Items, all of them

    That is up to a hundred at a time, unless the query has a `limit`.
    """
    return await directus.items("messages").delete(query={})


async def create_with_query(directus: RealtimeClient) -> Any:
    """Operations With Queries"""
    return await directus.items("messages").create({"text": "Hello!"}, query={"fields": ["id"]})


async def read_under_uid(directus: RealtimeClient) -> dict[str, Any]:
    """Use UIDs To Better Understand Responses, the message and the answer

    `items` makes up a uid for each request and finds its answer by it. With a message of your own
    you do the same.
    """
    answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def look(answer: dict[str, Any]) -> None:
        if answer.get("uid") == message["uid"] and not answered.done():
            answered.set_result(answer)

    message = {
        "type": "items",
        "action": "read",
        "collection": "messages",
        "query": {"sort": "date_created"},
        "uid": "sorted_latest_first",
    }
    stop = directus.on_web_socket("message", look)
    directus.send_message(message)
    try:
        return await answered
    finally:
        stop()
