"""Signing in over the socket: with a password or a refresh token, right or wrong."""

from directus_realtime import AuthenticationFailed, credentials

from tests.behaviours.context import Context, failure
from tests.behaviours.witness import Heard, logged, works


async def email_and_password_over_the_socket(ctx: Context) -> None:
    directus = ctx.connected_by(credentials(email=ctx.email, password=ctx.password))
    heard = Heard(directus)
    with logged() as texts:
        for _ in range(3):  # the later times with the refresh token that came
            await directus.connect()
            assert await works(directus)
            directus.disconnect()
    assert heard.auth == [{"type": "auth", "status": "ok"}] * 3
    assert [text for text in texts if text.startswith("> ") and '"auth"' in text] == [
        f'> {{"email":"{ctx.email}","password":"***","type":"auth"}}',
        '> {"refresh_token":"***","type":"auth"}',
        '> {"refresh_token":"***","type":"auth"}',
    ]


async def a_refresh_token_over_the_socket_is_good_once(ctx: Context) -> None:
    token = (await (await ctx.logged_in()).refresh())["refresh_token"]
    directus = ctx.connected_by(credentials(refresh_token=token))
    await directus.connect()
    assert await works(directus)
    used = ctx.connected_by(credentials(refresh_token=token))
    await failure(used.connect(), AuthenticationFailed, "refused the refresh token")
    both = credentials(refresh_token=token, email=ctx.email, password=ctx.password)
    besides = ctx.connected_by(both)
    await besides.connect()  # the password is tried when the token is refused


async def a_wrong_password_over_the_socket_is_final(ctx: Context) -> None:
    directus = ctx.connected_by(credentials(email=ctx.email, password="wrong"))
    words = "e-mail address or the password"
    await failure(directus.connect(), AuthenticationFailed, words)
    assert directus.state == "failed"


async def credentials_have_no_token_for_the_strict_mode_and_say_so(ctx: Context) -> None:
    composable = credentials(email=ctx.email, password=ctx.password)
    directus = ctx.connected_by(composable, at=ctx.strict, auth_mode="strict")
    words = "use static_token or authentication"
    await failure(directus.connect(), AuthenticationFailed, words)
