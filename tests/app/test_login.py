"""The tokens of a login on simulated time: renewed early, once, and until it is refused."""

import asyncio
import json
from typing import Any

import pytest
from directus_realtime.errors import AuthenticationFailed, ConnectionFailed
from directus_realtime.login import LoginTokens
from directus_realtime.transports.base import Answer

from tests.support import clock
from tests.support.storage import Memory, Shared

LIFE = 900.0


NO_ROUTE = '{"errors":[{"message":"Route /x/auth/login does not exist."}]}'


class Directus:
    """What answers /auth: each answer holds the next number; or what a test puts in its place.

    A refresh token is good for one use, and the refusal of another comes sooner than an answer.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, Any]] = []
        self.instead: list[Answer | OSError] = []
        self.number = 0
        self.life = LIFE
        self._spent: set[str | None] = set()

    async def __call__(self, url: str, *, body: str, timeout: float) -> Answer:
        self.asked.append((clock.now(), url, json.loads(body)))
        spent = self._is_spent(url, json.loads(body).get("refresh_token"))
        await asyncio.sleep(0.05 if spent else 0.1)
        if spent:
            return refusal()
        if self.instead:
            answer = self.instead.pop(0)
            if isinstance(answer, OSError):
                raise answer
            return answer
        self.number += 1
        tokens = {"access_token": f"a{self.number}", "refresh_token": f"r{self.number}"}
        return Answer(200, json.dumps({"data": {"expires": self.life * 1000, **tokens}}))

    def forget_spent(self) -> None:
        """Take every refresh token again."""
        self._spent.clear()

    def _is_spent(self, url: str, token: str | None) -> bool:
        """Spend a refresh token, unless the answer will be another; return whether it was."""
        was_spent = token in self._spent
        if url.endswith("/auth/refresh") and not self.instead:
            self._spent.add(token)
        return was_spent


def refusal(code: str = "INVALID_CREDENTIALS", status: int = 401) -> Answer:
    error = {"message": "Invalid user credentials.", "extensions": {"code": code}}
    return Answer(status, json.dumps({"errors": [error]}))


def tokens(directus: Directus, storage: Memory | None = None, **options: Any) -> LoginTokens:
    settings: dict[str, Any] = {"auto_refresh": True, "timeout": 10.0, **options}
    return LoginTokens(
        "ws://directus.test",
        storage=storage or Memory(),
        fetch=directus,
        now=clock.now,
        random=lambda: 1.0,
        **settings,
    )


async def log_in(directus: Directus, **options: Any) -> LoginTokens:
    """Log in at the time 0.1."""
    made = tokens(directus, **options)
    await made.login("ben@example.com", "secret", None)
    return made


def test_the_bodies_are_the_js_sdks() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        await login.login("ben@example.com", "secret", "123456")
        await login.refresh()
        await login.logout()
        assert [(url, json.dumps(body)) for _, url, body in directus.asked] == [
            (
                "http://directus.test/auth/login",
                '{"email": "ben@example.com", "password": "secret", "mode": "json"}',
            ),
            (
                "http://directus.test/auth/login",
                '{"email": "ben@example.com", "password": "secret", "otp": "123456", '
                '"mode": "json"}',
            ),
            ("http://directus.test/auth/refresh", '{"mode": "json", "refresh_token": "r2"}'),
            ("http://directus.test/auth/logout", '{"mode": "json", "refresh_token": "r3"}'),
        ]

    clock.run(scene())


def test_what_is_remembered_counts_seconds() -> None:
    async def scene() -> None:
        storage = Memory()
        await log_in(Directus(), storage=storage)
        assert storage.data == {
            "access_token": "a1",
            "refresh_token": "r1",
            "expires": 900.0,
            "expires_at": pytest.approx(900.1),
        }

    clock.run(scene())


def test_the_tokens_are_refreshed_before_they_end_for_ever() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        await asyncio.sleep(2500)
        refreshes = [at for at, url, _ in directus.asked if url.endswith("/refresh")]
        assert refreshes == pytest.approx([810.1, 1620.2, 2430.3])
        assert await login.get_token() == "a4"

    clock.run(scene())


def test_without_auto_refresh_they_are_refreshed_when_they_are_needed() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus, auto_refresh=False)
        await asyncio.sleep(800)
        assert await login.get_token() == "a1"
        await asyncio.sleep(11)
        assert await login.get_token() == "a2"
        assert len(directus.asked) == 2

    clock.run(scene())


def test_stop_refreshing_ends_the_timer_and_no_more() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        login.stop_refreshing()
        await asyncio.sleep(5000)
        assert len(directus.asked) == 1
        assert await login.get_token() == "a2"

    clock.run(scene())


def test_a_refresh_that_many_ask_for_is_made_once() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus, auto_refresh=False)
        await asyncio.sleep(1000)
        ask = [login.get_token() for _ in range(5)]
        given = await asyncio.gather(*ask, login.refresh(), login.credentials())
        assert given[:5] == ["a2"] * 5
        assert len(directus.asked) == 2

    clock.run(scene())


def test_who_gives_up_waiting_for_a_refresh_does_not_end_it_for_others() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        impatient, patient = (asyncio.ensure_future(login.refresh()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient)["access_token"] == "a2"
        assert len(directus.asked) == 2

    clock.run(scene())


def test_a_refresh_that_nobody_answers_is_tried_again_in_5_to_10_seconds() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        busy = Answer(503, "down")
        directus.instead = [OSError("no route"), busy, refusal("REQUESTS_EXCEEDED", 429)]
        await asyncio.sleep(1000)
        times = [at for at, _, _ in directus.asked[1:]]
        assert times == pytest.approx([810.1, 820.2, 830.3, 840.4])  # random is 1 here
        assert await login.get_token() == "a2"

    clock.run(scene())


def test_meanwhile_the_old_token_is_used() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus, auto_refresh=False)
        await asyncio.sleep(850)
        directus.instead = [OSError("no route")] * 2
        assert await login.get_token() == "a1"
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await login.credentials()

    clock.run(scene())


def test_a_refused_refresh_is_final(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        directus, storage = Directus(), Memory()
        login = await log_in(directus, storage=storage)
        directus.instead = [refusal()]
        await asyncio.sleep(10_000)
        assert len(directus.asked) == 2
        assert storage.data is None
        assert await login.get_token() is None
        with pytest.raises(AuthenticationFailed, match=r"login\(\.\.\.\)` first"):
            await login.credentials()

    clock.run(scene())
    assert "Invalid user credentials (INVALID_CREDENTIALS). Log in again." in caplog.text


def test_another_page_that_was_faster_with_the_same_storage_is_followed() -> None:
    async def scene() -> None:
        directus, storage = Directus(), Memory()
        login = await log_in(directus, storage=storage)
        directus.instead = [refusal()]
        refreshing = asyncio.ensure_future(login.refresh())
        await asyncio.sleep(0.05)
        other = {"access_token": "a9", "refresh_token": "r9", "expires": 9.0, "expires_at": 99.0}
        storage.set(other)
        assert await refreshing == other

    clock.run(scene())


@pytest.mark.parametrize("storage", [Shared, Memory], ids=["with a lock", "without"])
def test_two_that_refresh_one_login_at_once_both_keep_it(storage: type[Memory]) -> None:
    async def scene() -> None:
        directus, kept = Directus(), storage()
        one = await log_in(directus, storage=kept, auto_refresh=False)
        two = tokens(directus, kept, auto_refresh=False)
        given = await asyncio.gather(one.refresh(), two.refresh())
        assert [login["access_token"] for login in given] == ["a2", "a2"]
        assert kept.data == given[0]
        assert len(directus.asked) == (2 if storage is Shared else 3)

    clock.run(scene())


@pytest.mark.parametrize("storage", [Shared, Memory], ids=["with a lock", "without"])
def test_two_timers_refresh_one_login_once_each_time(storage: type[Memory]) -> None:
    async def scene() -> None:
        directus, kept = Directus(), storage()
        one = await log_in(directus, storage=kept)
        two = tokens(directus, kept)
        await two.credentials()
        await asyncio.sleep(0.5)
        await asyncio.gather(one.credentials(), two.credentials())
        await asyncio.sleep(810 * 5)
        refreshed = [at for at, url, _ in directus.asked if url.endswith("refresh")]
        if storage is Shared:
            assert refreshed == pytest.approx([810.1 + 810.1 * turn for turn in range(5)])
        assert kept.data is not None
        assert await one.get_token() == await two.get_token() == kept.data["access_token"]

    clock.run(scene())


def test_a_timer_that_comes_after_another_page_has_refreshed_is_set_anew() -> None:
    async def scene() -> None:
        directus, storage = Directus(), Shared()
        await log_in(directus, storage=storage)
        await asyncio.sleep(800)
        await tokens(directus, storage, auto_refresh=False).refresh()
        await asyncio.sleep(800)
        assert len(directus.asked) == 2
        await asyncio.sleep(20)
        assert len(directus.asked) == 3

    clock.run(scene())


def test_a_login_waits_for_a_refresh_in_another_page_and_wins() -> None:
    async def scene() -> None:
        directus, storage = Directus(), Shared()
        one = await log_in(directus, storage=storage)
        two = tokens(directus, storage)
        refreshing = asyncio.ensure_future(one.refresh())
        await asyncio.sleep(0.05)
        await two.login("rijk@example.com", "secret", None)
        assert (await refreshing)["access_token"] == "a2"
        assert await one.get_token() == await two.get_token() == "a3"

    clock.run(scene())


def test_a_timer_ends_where_another_page_has_logged_out(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        directus, storage = Directus(), Shared()
        await log_in(directus, storage=storage)
        await tokens(directus, storage).logout()
        await asyncio.sleep(5000)
        assert len(directus.asked) == 2  # one login and one logout

    clock.run(scene())
    assert caplog.text == ""


def test_a_remembered_login_is_refreshed_when_it_is_used_again() -> None:
    async def scene() -> None:
        directus = Directus()
        old = {"access_token": "a0", "refresh_token": "r0", "expires": 900.0, "expires_at": -100.0}
        login = tokens(directus, Memory(old))
        assert await login.get_token() == "a1"
        assert directus.asked[0][2] == {"mode": "json", "refresh_token": "r0"}

    clock.run(scene())


def test_a_login_waits_for_a_refresh_that_is_under_way_and_wins() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus)
        refreshing = asyncio.ensure_future(login.refresh())
        await asyncio.sleep(0.05)
        await login.login("rijk@example.com", "secret", None)
        assert (await refreshing)["access_token"] == "a2"
        assert await login.get_token() == "a3"

    clock.run(scene())


def test_log_out_forgets_the_tokens_even_if_nobody_answers() -> None:
    async def scene() -> None:
        directus, storage = Directus(), Memory()
        login = await log_in(directus, storage=storage)
        directus.instead = [OSError("no route")]
        with pytest.raises(ConnectionFailed):
            await login.logout()
        assert storage.data is None
        await login.logout()
        await asyncio.sleep(5000)
        assert len(directus.asked) == 2

    clock.run(scene())


def test_a_token_that_was_set_is_used_until_it_is_refused() -> None:
    async def scene() -> None:
        directus = Directus()
        login = tokens(directus)
        await login.set_token("had elsewhere")
        assert await login.get_token() == "had elsewhere"
        given = await login.credentials()
        expected: tuple[Any, ...] = ({"access_token": "had elsewhere"}, None, False)
        assert given == expected
        with pytest.raises(AuthenticationFailed, match="nothing to refresh it with"):
            await login.credentials(given.fields)
        await login.set_token(None)
        assert await login.get_token() is None

    clock.run(scene())


def test_a_connection_gets_the_token_and_when_to_ask_for_the_next() -> None:
    async def scene() -> None:
        directus = Directus()
        login = await log_in(directus, auto_refresh=False)
        await asyncio.sleep(10)
        given = await login.credentials()
        assert given.fields == {"access_token": "a1"}
        assert given.refresh_in == pytest.approx(800)
        assert given.refreshable
        assert (await login.credentials(given.fields)).fields == {"access_token": "a2"}
        assert (await login.credentials(given.fields)).fields == {"access_token": "a2"}
        assert len(directus.asked) == 2

    clock.run(scene())


@pytest.mark.parametrize("life", [2.0, 40.0])
def test_a_token_that_ends_soon_is_not_renewed_all_the_time(life: float) -> None:
    async def scene() -> None:
        directus = Directus()
        directus.life = life
        await log_in(directus)
        await asyncio.sleep(10 * life)
        assert 15 <= len(directus.asked) <= 21

    clock.run(scene())


@pytest.mark.parametrize("life", [0.0, -1.0, 0.001])
def test_tokens_that_are_valid_for_no_time_are_not_renewed_all_the_time(life: float) -> None:
    async def scene() -> None:
        directus = Directus()
        directus.life = life
        login = await log_in(directus)
        await asyncio.sleep(10)
        assert 8 <= len(directus.asked) <= 11
        login.stop_refreshing()

    clock.run(scene())


def test_what_is_under_way_in_another_event_loop_is_not_waited_for() -> None:
    directus = Directus()
    login = LoginTokens(
        "http://directus.test", storage=Memory(), auto_refresh=False, timeout=10, fetch=directus
    )

    async def first() -> asyncio.Task[Any]:
        await login.login("ben@example.com", "secret", None)
        refreshing = asyncio.ensure_future(login.refresh())
        await asyncio.sleep(0.01)
        directus.forget_spent()
        return refreshing

    async def second() -> None:
        assert (await asyncio.wait_for(login.refresh(), 5))["access_token"] == "a2"
        again = await asyncio.wait_for(login.login("ben@example.com", "secret", None), 5)
        assert again["access_token"] == "a3"

    loop = asyncio.new_event_loop()
    refreshing = loop.run_until_complete(first())
    asyncio.run(second())
    loop.run_until_complete(refreshing)
    loop.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(OSError("no"), "Nothing answers at http://directus.test", id="nobody"),
        pytest.param(Answer(0, ""), "CORS_ENABLED=true", id="another origin"),
        pytest.param(Answer(502, "<html>"), r"cannot answer now: Status 502", id="a proxy's"),
        pytest.param(Answer(404, NO_ROUTE), "has no /auth/login: correct", id="a wrong path"),
        pytest.param(Answer(200, "<html>"), "is not Directus", id="somebody else"),
        pytest.param(
            Answer(200, '{"data":{"access_token":"a","refresh_token":"r","expires":1e400}}'),
            "sent no tokens",
            id="no number",
        ),
        pytest.param(Answer(200, "[]"), "is not Directus", id="something else"),
    ],
)
def test_trouble_that_may_pass_is_no_refusal(answer: Any, words: str) -> None:
    async def scene() -> None:
        directus = Directus()
        directus.instead = [answer]
        with pytest.raises(ConnectionFailed, match=words) as raised:
            await log_in(directus)
        assert not isinstance(raised.value, AuthenticationFailed)

    clock.run(scene())


def test_a_refused_login_carries_directus_own_code_and_words() -> None:
    async def scene() -> None:
        directus = Directus()
        directus.instead = [refusal("INVALID_OTP")]
        with pytest.raises(AuthenticationFailed, match="Invalid user credentials") as raised:
            await log_in(directus)
        assert raised.value.code == "INVALID_OTP"

    clock.run(scene())
