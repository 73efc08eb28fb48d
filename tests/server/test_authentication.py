"""Logging in, tokens that expire and those that are used once; by REST and on the socket."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from server.auth.access import Access
from server.auth.authentication import Authentication, Identity
from server.database.store import Store
from server.errors import DirectusError, invalid_credentials
from server.project_file import read_project
from tests.server.people import EDITOR, PROJECT, WRITER, client, code_and_message, refusal
from tests.server.sockets import HANDSHAKE_FAILED, Start, on_socket, refused, say

WRONG = ("INVALID_CREDENTIALS", "Invalid user credentials.")
Conversation = Callable[["AuthenticationHarness"], Coroutine[Any, Any, None]]


class AuthenticationHarness:
    """An authentication whose clock the test moves."""

    def __init__(self, store: Store) -> None:
        self.now = 1_000_000.0
        access = Access(store.project, store.prepared.user_ids)
        self.authentication = Authentication(
            access, store, access_ttl=60, refresh_ttl=600, stall=0, now=lambda: self.now
        )

    async def refused(self, **credentials: Any) -> tuple[str, str]:
        with pytest.raises(DirectusError) as error:
            await self.authentication.authenticate(credentials)
        return code_and_message(error.value)


@pytest.fixture
def in_harness(tmp_path: Path) -> Iterator[Callable[[Conversation], None]]:
    store = Store(tmp_path / "m.db", read_project(PROJECT, ""))

    def run(conversation: Conversation) -> None:
        async def timed() -> None:
            async with asyncio.timeout(20):
                await conversation(AuthenticationHarness(store))

        asyncio.run(timed())

    yield run
    store.close()


def test_an_access_token_is_good_for_its_time(in_harness: Callable[[Conversation], None]) -> None:
    async def conversation(harness: AuthenticationHarness) -> None:
        login = await harness.authentication.login(**WRITER)
        token = login.access_token
        assert token is not None
        assert harness.authentication.identify(token).expires == harness.now + 60
        assert login.expires == harness.now + 60
        harness.now += 60
        assert await harness.refused(access_token=token) == ("TOKEN_EXPIRED", "Token expired.")

    in_harness(conversation)


def test_the_time_of_a_token_begins_when_its_session_is_stored(
    in_harness: Callable[[Conversation], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may take longer for that than a token lasts."""

    async def conversation(harness: AuthenticationHarness) -> None:
        async def write(store: Store, *given: Any) -> Any:
            harness.now += 61
            return await original(store, *given)

        original = Store.write
        monkeypatch.setattr(Store, "write", write)
        login = await harness.authentication.login(**WRITER)
        assert login.expires == harness.now + 60
        refreshed = await harness.authentication.refresh(login.refresh_token)
        assert refreshed.access_token is not None
        assert harness.authentication.identify(refreshed.access_token).expires == harness.now + 60

    in_harness(conversation)


def test_a_refresh_token_is_good_for_one_use_and_its_time(
    in_harness: Callable[[Conversation], None],
) -> None:
    async def conversation(harness: AuthenticationHarness) -> None:
        first = await harness.authentication.login(**WRITER)
        second = await harness.authentication.refresh(first.refresh_token)
        assert second.accountability == first.accountability
        assert await harness.refused(refresh_token=first.refresh_token) == WRONG
        third = await harness.authentication.authenticate({"refresh_token": second.refresh_token})
        harness.now += 601
        assert await harness.refused(refresh_token=third.refresh_token) == WRONG

    in_harness(conversation)


def test_all_credentials_count_and_the_access_token_decides(
    in_harness: Callable[[Conversation], None],
) -> None:
    async def conversation(harness: AuthenticationHarness) -> None:
        both = await harness.authentication.authenticate({**WRITER, "access_token": "editor"})
        editor = harness.authentication.identify("editor").accountability
        assert (both.accountability, both.expires) == (editor, None)
        assert both.refresh_token is not None
        wrong = {**WRITER, "password": "wrong", "access_token": "editor"}
        assert await harness.refused(**wrong) == WRONG
        assert await harness.refused(access_token=5) == WRONG
        assert await harness.refused() == WRONG

    in_harness(conversation)


@pytest.mark.parametrize(
    "credentials",
    [
        {**WRITER, "password": "editor's password"},
        {"email": "nobody@example.com", "password": "x"},
        {"email": "admin@example.com", "password": ""},
        {"email": 5, "password": "x"},
        {**WRITER, "password": 5},
        {**WRITER, "password": "\ud800"},
        {"refresh_token": "\ud800"},
        {"refresh_token": None},
        {"access_token": "a.b.c"},
    ],
    ids=str,
)
def test_what_lets_nobody_in(
    in_harness: Callable[[Conversation], None], credentials: dict[str, Any]
) -> None:
    async def conversation(harness: AuthenticationHarness) -> None:
        assert await harness.refused(**credentials) == WRONG

    in_harness(conversation)


def test_tokens_of_others(in_harness: Callable[[Conversation], None]) -> None:
    import jwt

    async def conversation(harness: AuthenticationHarness) -> None:
        good = {"id": "x", "exp": harness.now + 9, "iss": "directus"}
        secret = harness.authentication._tokens.secret
        another = "another secret of thirty-two bytes"
        for claims, key, code in (
            (good, another, "INVALID_TOKEN"),
            ({**good, "exp": None}, secret, "INVALID_TOKEN"),
            ({**good, "iss": "else"}, secret, "INVALID_CREDENTIALS"),
            (good, secret, "INVALID_CREDENTIALS"),
        ):
            token = jwt.encode(claims, key, "HS256")
            assert (await harness.refused(access_token=token))[0] == code

    in_harness(conversation)


def test_a_login_takes_its_time_whatever_comes_of_it(start: Start) -> None:
    with client(start(project=PROJECT, login_stall_time=0.3).address) as http:
        for body, status in ((WRITER, 200), ({**WRITER, "email": "no@example.com"}, 401)):
            started = time.monotonic()
            assert http.post("/auth/login", json=body).status_code == status
            assert time.monotonic() - started >= 0.3


def test_few_passwords_are_checked_at_the_same_time_and_none_by_the_event_loop(
    in_harness: Callable[[Conversation], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    free, now, most = threading.Event(), 0, 0
    lock = threading.Lock()
    threads: set[int] = set()

    def verify(*_: object) -> bool:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            threads.add(threading.get_ident())
        assert free.wait(10)
        with lock:
            now -= 1
        return True

    monkeypatch.setattr(Authentication, "_verify", verify)

    async def conversation(harness: AuthenticationHarness) -> None:
        logins = [asyncio.create_task(harness.authentication.login(**WRITER)) for _ in range(9)]
        while now < 2:
            await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*logins)
        assert threading.get_ident() not in threads

    in_harness(conversation)
    assert most == 2


def test_a_connection_has_one_password_checked_at_a_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = start(project=PROJECT, auth="public").address
    now, most = 0, 0

    async def authenticate(*_: object) -> Identity:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        raise invalid_credentials()

    monkeypatch.setattr(Authentication, "authenticate", authenticate)

    async def conversation(socket: ClientConnection) -> None:
        for number in range(20):
            await socket.send(json.dumps({"type": "auth", **EDITOR, "uid": number}))
        refused = [json.loads(await socket.recv())["uid"] for _ in range(20)]
        assert refused == list(range(20))

    on_socket(address, conversation)
    assert most == 1


def test_logging_in_and_out_by_rest(start: Start) -> None:
    server = start(project=PROJECT, login_stall_time=0)
    with client(server.address) as http:
        login = http.post("/auth/login", json=EDITOR).json()["data"]
        assert (login["expires"], len(login["refresh_token"])) == (900_000, 64)
        bearer = {"Authorization": f"Bearer {login['access_token']}"}
        assert http.get("/items/messages", headers=bearer).json() == {"data": []}
        body = {"refresh_token": login["refresh_token"], "mode": "json"}
        wrong = {"Authorization": "Bearer wrong"}
        for path in ("login", "refresh", "logout"):
            refused = http.post(f"/auth/{path}", json={**EDITOR, **body}, headers=wrong)
            assert refusal(refused)[:2] == (401, "INVALID_CREDENTIALS")
        again = http.post("/auth/refresh", json=body).json()["data"]
        assert refusal(http.post("/auth/refresh", json=body))[:2] == (401, "INVALID_CREDENTIALS")
        body = {"refresh_token": again["refresh_token"], "mode": ""}
        assert http.post("/auth/logout", json=body).status_code == 204
        assert http.post("/auth/logout", json=body).status_code == 204
        assert http.post("/auth/refresh", json=body).status_code == 401
        assert http.get("/items/messages", headers=bearer).status_code == 200
        server.stop()
    with client(start(project=PROJECT).address) as http:
        assert http.get("/items/messages", headers=bearer).status_code == 200, "the secret stays"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("login", {"password": "x"}, '"email" is required'),
        ("login", {"email": "nope", "password": "x"}, '"email" must be a valid email'),
        ("login", {"email": 5}, '"email" must be a string'),
        ("login", {"email": "a@b.c"}, '"password" is required'),
        ("login", {"email": "a@b.c", "password": ""}, '"password" is not allowed to be empty'),
        ("login", [], '"value" must be of type object'),
        (
            "login",
            {"email": "a@b.c", "password": "x", "mode": "x"},
            '"mode" must be one of [cookie, json, session]',
        ),
        (
            "login",
            {"email": "a@b.c", "password": "x", "mode": "session"},
            '"mode" session is not supported by this server: use json',
        ),
        (
            "login",
            {"email": "a@b.c", "password": "x", "otp": ""},
            '"otp" is not allowed to be empty',
        ),
        ("refresh", {}, "The refresh token is required in either the payload or cookie"),
        ("logout", [], "The refresh token is required in either the payload or cookie"),
        (
            "refresh",
            {"refresh_token": "x", "mode": "cookie"},
            "The refresh token is required in either the payload or cookie",
        ),
    ],
)
def test_bodies_that_let_nobody_in(start: Start, path: str, body: object, words: str) -> None:
    with client(start().address) as http:
        answer = http.post(f"/auth/{path}", json=body)
        assert refusal(answer) == (400, "INVALID_PAYLOAD", f"Invalid payload. {words}.")


def test_logging_in_on_the_socket(start: Start) -> None:
    address = start(project=PROJECT, login_stall_time=0).address

    async def conversation(socket: ClientConnection) -> None:
        reply = await say(socket, {"type": "auth", **EDITOR, "uid": 1})
        assert list(reply) == ["type", "status", "uid", "refresh_token"]
        read = {"type": "items", "collection": "messages", "action": "read"}
        assert await say(socket, read) == {"type": "items", "data": []}
        refresh = {"type": "auth", "refresh_token": reply["refresh_token"]}
        assert len((await say(socket, refresh))["refresh_token"]) == 64
        failed = await say(socket, {**refresh, "uid": "again"})
        assert failed["error"] == {"code": "AUTH_FAILED", "message": "Authentication failed."}
        await socket.wait_closed()
        assert socket.close_code == 1005

    on_socket(address, conversation)

    async def wrong(socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "auth", **EDITOR, "password": "wrong"}))
        assert await socket.recv() == HANDSHAKE_FAILED

    on_socket(address, wrong)


def test_an_access_token_ends_on_the_socket(start: Start) -> None:
    server = start(project=PROJECT, login_stall_time=0, access_token_ttl=2, auth="strict")
    with client(server.address) as http:
        token = http.post("/auth/login", json=WRITER).json()["data"]["access_token"]

    async def conversation(socket: ClientConnection) -> None:
        ended = json.loads(await socket.recv())
        assert ended["error"] == {"code": "TOKEN_EXPIRED", "message": "Token expired."}
        again = {"type": "auth", "access_token": "writer"}
        assert await say(socket, again) == {"type": "auth", "status": "ok"}

    path = f"/websocket?access_token={token}"
    on_socket(server.address, conversation, path=path)
    assert refused(server.address, path) == 401
