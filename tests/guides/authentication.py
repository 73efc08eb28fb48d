"""Authentication: https://directus.io/docs/guides/realtime/authentication

The guide's GraphQL clients talk to another endpoint of Directus; beside each of them stands what
connects to the WebSocket one with the same rights. `ping_after` is their `keepAlive`, in seconds.
"""

import asyncio
from typing import Any

from directus_realtime import RealtimeClient, create_directus, credentials, realtime, static_token


async def public_mode(url: str) -> RealtimeClient:
    """Public Mode, also the GraphQL client

    Nothing is sent; the connection has the public's rights.
    """
    directus = create_directus(url).with_(realtime(auth_mode="public", ping_after=30.0))
    await directus.connect()
    return directus


async def access_token(url: str, token: str) -> RealtimeClient:
    """Handshake Mode, Access Token

    `connect` sends the token first, and returns when Directus has accepted it.
    """
    directus = create_directus(url).with_(static_token(token)).with_(realtime())
    await directus.connect()
    return directus


async def email_and_password(url: str, email: str, password: str) -> RealtimeClient:
    """Handshake Mode, Email and Password

    The refresh token that comes is kept, and used when the connection must sign in again.
    """
    signed_in = create_directus(url).with_(credentials(email=email, password=password))
    directus = signed_in.with_(realtime())
    await directus.connect()
    return directus


async def refresh_token(url: str, token: str) -> RealtimeClient:
    """Handshake Mode, Refresh Token

    Each is good for one use; the next one comes with the answer, and is kept.
    """
    directus = create_directus(url).with_(credentials(refresh_token=token)).with_(realtime())
    await directus.connect()
    return directus


async def confirmation(directus: RealtimeClient, email: str, password: str) -> str:
    """Handshake Mode, the confirmation message

    To see it yourself, and to keep its refresh token for later, sign in on a connection that is
    open, such as one of the public's.
    """
    answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def look(message: dict[str, Any]) -> None:
        if message["type"] == "auth" and not answered.done():
            answered.set_result(message)

    stop = directus.on_web_socket("message", look)
    directus.send_message({"type": "auth", "email": email, "password": password})
    try:
        answer = await answered
    finally:
        stop()
    assert answer["status"] == "ok"
    return str(answer["refresh_token"])


async def handshake_with_keep_alive(url: str, token: str) -> RealtimeClient:
    """Handshake Mode, the GraphQL client"""
    directus = create_directus(url).with_(static_token(token)).with_(realtime(ping_after=30.0))
    await directus.connect()
    return directus


async def strict_mode(url: str, token: str) -> RealtimeClient:
    """Strict Mode, also the GraphQL client

    The token is part of the socket's address.
    """
    strict = realtime(auth_mode="strict", ping_after=30.0)
    directus = create_directus(url).with_(static_token(token)).with_(strict)
    await directus.connect()
    return directus
