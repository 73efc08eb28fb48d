"""Signing in by a login: its token, its expiry, and the three auth modes."""

import asyncio
from typing import Any

from directus_realtime import (
    AuthenticationFailed,
    NotConnected,
    RealtimeClient,
    StateChanged,
    authentication,
    create_directus,
    credentials,
    read_items,
    read_me,
    rest,
)

from tests.behaviours.context import Context, States, failure
from tests.behaviours.witness import Heard, Memory, works

QUERY = {"fields": ["user", "text"]}


async def log_in_and_use_the_token_for_requests_and_for_the_connection(ctx: Context) -> None:
    login = await ctx.logged_in()
    me = await login.with_(rest()).request(read_me())
    assert isinstance(me["id"], str)
    directus = ctx.realtime(login)
    await directus.connect()
    assert await works(directus)


async def the_tokens_are_those_of_all_clients_of_a_chain(ctx: Context) -> None:
    # As one writes it in JavaScript; type checkers know of the last link only.
    first = ctx.realtime(create_directus(ctx.url))
    directus: Any = first.with_(rest()).with_(authentication(auto_refresh=False))
    await directus.login(ctx.email, ctx.password)
    assert isinstance(await directus.request(read_items("messages", {"limit": 1})), list)
    await directus.connect()
    assert await works(first)


async def a_token_is_renewed_before_its_end_and_sent_on_the_open_connection(ctx: Context) -> None:
    # In the strict mode the first token was part of the address.
    await asyncio.gather(
        _renewed(ctx, ctx.url, mode="handshake", messages=2),
        _renewed(ctx, ctx.strict, mode="strict", messages=1),
    )


async def an_expired_token_is_replaced_on_the_open_connection_and_requests_wait(
    ctx: Context,
) -> None:
    storage = Memory()
    login = await ctx.logged_in(storage=storage, auto_refresh=False)
    storage.change(expires=900.0, expires_at=storage.data["expires_at"] + 900)  # it never is due
    password = credentials(email=ctx.email, password=ctx.password)
    await asyncio.gather(
        _replaced(ctx, ctx.realtime(login), "renewed over HTTP"),
        _replaced(ctx, ctx.connected_by(password), "signed in anew over the socket"),
    )


async def log_out_ends_what_was_remembered(ctx: Context) -> None:
    storage = Memory()
    login = await ctx.logged_in(storage=storage)
    refresh_token = storage.data["refresh_token"]
    await login.logout()
    assert not storage.data
    assert await login.get_token() is None
    again = ctx.connected_by(credentials(refresh_token=refresh_token))
    await failure(again.connect(), AuthenticationFailed)


async def a_remembered_login_is_the_next_clients_and_one_not_remembered_nobodys(
    ctx: Context,
) -> None:
    storage = Memory()
    await ctx.logged_in(storage=storage)
    directus = ctx.connected_by(authentication(storage=storage, auto_refresh=False))
    await directus.connect()
    assert await works(directus)
    stranger = ctx.connected_by(authentication())
    await failure(stranger.connect(), AuthenticationFailed, "login(...)` first")


async def a_wrong_password_is_told_with_directus_own_code(ctx: Context) -> None:
    login = create_directus(ctx.url).with_(authentication())
    words = "Invalid user credentials"
    error = await failure(login.login(ctx.email, "wrong"), AuthenticationFailed, words)
    assert error.code == "INVALID_CREDENTIALS"


async def a_wrong_token_is_renewed_once_and_then_good(ctx: Context) -> None:
    for mode, at in (("handshake", ctx.url), ("strict", ctx.strict)):
        storage = Memory()
        login = await ctx.logged_in(at=at, storage=storage)
        storage.change(access_token="wrong")
        directus = ctx.realtime(login, auth_mode=mode)
        await directus.connect()
        assert await works(directus), mode
        assert storage.data["access_token"] != "wrong"


async def a_wrong_token_that_cannot_be_renewed_ends_in_failed_and_no_retry(ctx: Context) -> None:
    for mode, at in (("handshake", ctx.url), ("strict", ctx.strict)):
        storage = Memory()
        login = await ctx.logged_in(at=at, storage=storage)
        storage.change(access_token="wrong", refresh_token="wrong too")
        directus = ctx.realtime(login, auth_mode=mode)
        await failure(directus.connect(), AuthenticationFailed, "Log in again")
        assert directus.state == "failed", mode
        await failure(works(directus), NotConnected)


async def a_new_login_goes_on_with_the_subscriptions_of_one_that_has_ended(ctx: Context) -> None:
    storage = Memory()
    login = await ctx.logged_in(storage=storage, auto_refresh=False)
    directus = ctx.realtime(login)
    states = States(directus)
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    assert (await anext(subscription))["event"] == "init"
    storage.change(access_token="wrong", refresh_token="wrong too")
    await ctx.cut()
    ended = await states.until("needs sign-in")
    assert isinstance(ended.error, AuthenticationFailed)
    await failure(works(directus), NotConnected, "sign in again")
    subscribing = directus.subscribe("messages", event="update")
    await asyncio.wait_for(failure(subscribing, AuthenticationFailed, "Log in again"), 5)
    await login.login(ctx.email, ctx.password)
    await states.until("open")
    assert (await anext(subscription))["event"] == "init"
    await directus.items("messages").create({"text": "heard", "user": ctx.user})
    message = await anext(subscription)
    assert message["data"] == [{"text": "heard", "user": ctx.user}]


# The other modes


async def the_strict_mode_connects_and_subscribes_without_an_auth_message(ctx: Context) -> None:
    directus = ctx.realtime(await ctx.logged_in(at=ctx.strict), auth_mode="strict")
    heard = Heard(directus)
    await _creates_and_hears(ctx, directus)
    assert heard.auth == []
    assert len(heard.opened) == 1


async def the_public_mode_connects_and_subscribes_without_a_token(ctx: Context) -> None:
    directus = ctx.realtime(create_directus(ctx.public), auth_mode="public")
    heard = Heard(directus)
    await _creates_and_hears(ctx, directus)
    assert heard.auth == []


async def _renewed(ctx: Context, at: str, *, mode: str, messages: int) -> None:
    """See that after so many auth messages the tokens are others, on the same socket."""
    storage = Memory()
    login = await ctx.logged_in(at=at, storage=storage)
    storage.change(expires_at=storage.data["expires_at"] - 1)  # it was had a second ago
    directus = ctx.realtime(login, auth_mode=mode)
    heard = Heard(directus)
    await directus.connect()
    first = storage.data["refresh_token"]  # access tokens of one second are the same
    await heard.authenticated(messages)
    assert storage.data["refresh_token"] != first, mode
    await _creates_and_hears(ctx, directus)
    assert heard.states.seen.count("connecting") == heard.states.seen.count("open") == 1
    assert len(heard.opened) == 1, mode


async def _replaced(ctx: Context, directus: RealtimeClient, text: str) -> None:
    """See that what is asked for while the token is gone is answered, on the same socket."""
    asked: list[asyncio.Future[Any]] = []

    def ask(change: StateChanged) -> None:
        if change.state == "reauthenticating":
            create = directus.items("messages").create({"text": text, "user": ctx.user})
            asked.append(asyncio.ensure_future(create))

    heard = Heard(directus)
    directus.on_state(ask)
    query = {"fields": ["text"], "filter": {"_and": [ctx.mine, {"text": {"_eq": text}}]}}
    subscription = await directus.subscribe("messages", event="create", query=query)
    await anext(subscription)
    await heard.authenticated(2)
    (created,) = await asyncio.gather(*asked)
    message = await anext(subscription)
    assert (created["text"], message["data"]) == (text, [{"text": text}])
    expired = ["connecting", "authenticating", "open", "reauthenticating", "open"]
    assert heard.states.seen == expired
    assert len(heard.opened) == 1


async def _creates_and_hears(ctx: Context, directus: RealtimeClient) -> None:
    """See that the client hears of what it creates."""
    row = {"text": "hello", "user": ctx.user}
    subscription = await directus.subscribe("messages", event="create", query=QUERY)
    await directus.items("messages").create(row)
    init, message = await anext(subscription), await anext(subscription)
    assert (init["event"], message["data"]) == ("init", [row])
