"""Every failure names its true cause and cure, and no secret: on the wire, at servers that are odd.

What Directus itself refuses is in `tests/behaviours` and `tests/directus/test_explained.py`.
"""

import asyncio
import logging
import re
import socket
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from directus_realtime import (
    AuthenticationFailed,
    ConnectionFailed,
    DirectusError,
    NotConnected,
    RealtimeClient,
    UsageError,
    authentication,
    create_directus,
    create_item,
    credentials,
    read_me,
    realtime,
    rest,
    server_ping,
    static_token,
)
from directus_realtime.core.auth import Credentials
from directus_realtime.credentials import SocketCredentials
from directus_realtime.tokens import TokenSource

from tests.support import clock
from tests.support.client import client, connected, run
from tests.support.embedded import EDITORS, Embedded, free_port, with_project
from tests.support.odd_server import OddServer, answer, untrusted_certificate
from tests.support.storage import Memory, Shared

SECRET = "s3cret-that-nobody-may-read"
PAGE = "<html>Bad Gateway</html>"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with with_project(tmp_path_factory.mktemp("server"), EDITORS) as embedded:
        yield embedded


@pytest.fixture
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


async def refusal(url: str, **options: Any) -> str:
    """Return what connect says where it fails; the secret is the token."""
    directus = client(url, token=SECRET, **options)
    with pytest.raises(ConnectionFailed) as raised:
        await directus.connect(timeout=1)
    assert directus.state in ("closed", "failed")
    assert_no_secret(raised.value)
    return str(raised.value)


def assert_no_secret(error: BaseException) -> None:
    """What a program prints of an error holds no secret, its causes included."""
    assert SECRET not in "".join(traceback.format_exception(error))


# An address that is wrong


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer("502 Bad Gateway", PAGE), "A proxy answers at .*status 502.*is running"),
        (answer("503 Unavailable", PAGE), "A proxy answers at .*status 503"),
        (answer("401 Unauthorized", PAGE), "asks for a sign-in of its own .status 401"),
        (answer("404 Not Found", PAGE), "is not Directus.*status 404"),
        (answer("200 OK", PAGE), "is not Directus.*status 200"),
        (answer("301 Moved", Location="https://other.example/server/ping"), "use https://other"),
        (answer("302 Found", Location="/login?state=x"), "redirects.*browser's tab"),
        (b"SSH-2.0-odd\r\n", "Nothing answers at"),
        (b"", "what listens there closes the connection.*wss://"),
    ],
    ids=["502", "503", "401", "404", "a page", "301", "302", "no http", "nothing"],
)
def test_what_answers_in_place_of_directus_is_named(given: bytes, words: str) -> None:
    async def scene() -> None:
        assert_matches(words, await refusal(odd.url))

    with OddServer(given) as odd:
        run(scene)


def test_an_address_of_ip_version_6_is_asked_as_any_other(without_proxies: None) -> None:
    async def scene() -> None:
        assert f"[::1]:{odd.port} in place of Directus" in await refusal(odd.url)

    with OddServer(answer("502 Bad Gateway"), host="::1") as odd:
        run(scene)


def test_a_redirect_is_followed_by_nobody_who_carries_a_secret() -> None:
    async def scene() -> None:
        for mode in ("strict", "handshake"):
            said = await refusal(odd.url, auth_mode=mode)
            assert f"use {other.url}" in said
        login = create_directus(odd.url).with_(authentication())
        with pytest.raises(ConnectionFailed, match=f"use {other.url}") as raised:
            await login.login("ben@example.com", SECRET)
        assert_no_secret(raised.value)
        assert other.requests == []

    with OddServer(answer("404 Not Found")) as other:
        moved = answer("307 Moved", Location=f"{other.url}")
        with OddServer(moved) as odd:
            run(scene)


def test_a_certificate_that_is_not_trusted_is_named(tmp_path: Path) -> None:
    async def scene() -> None:
        for scheme in ("https", "wss"):
            said = await refusal(f"{scheme}://127.0.0.1:{odd.port}")
            assert_matches("certificate of https://.* is not trusted: .*SSL_CERT_FILE", said)
        login = create_directus(f"https://127.0.0.1:{odd.port}").with_(authentication())
        with pytest.raises(ConnectionFailed, match="is not trusted"):
            await login.login("ben@example.com", SECRET)

    with OddServer(answer("200 OK"), untrusted_certificate(tmp_path)) as odd:
        run(scene)


def test_a_port_without_tls_and_one_with_it_are_told_apart(
    server: Embedded, tmp_path: Path
) -> None:
    async def scene() -> None:
        for scheme in ("https", "wss"):
            said = await refusal(f"{scheme}://127.0.0.1:{server.port}")
            assert_matches("TLS, .* does not speak it.*write http://", said)
        said = await refusal(odd.url)
        assert_matches("closes the connection.*write https://", said)

    with OddServer(answer("200 OK"), untrusted_certificate(tmp_path)) as odd:
        run(scene)


def test_a_name_that_nobody_knows_is_told_from_a_port_that_nobody_listens_on(
    without_proxies: None,
) -> None:
    async def scene() -> None:
        assert "known to no name server" in await refusal("http://nobody.invalid")
        assert "Nothing answers" in await refusal(f"http://127.0.0.1:{free_port()}")

    run(scene)


def test_a_proxy_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        said = await refusal("http://directus.example")
        assert_matches(f"through the proxy 127.0.0.1:{port}, which", said)

    port = free_port()
    monkeypatch.setenv("http_proxy", f"http://user:{SECRET}@127.0.0.1:{port}")
    monkeypatch.setenv("no_proxy", "")
    run(scene)


def test_a_server_that_accepts_and_says_nothing_is_told_from_a_disconnect() -> None:
    async def scene() -> None:
        started = time.monotonic()
        said = await refusal(silent.url)
        assert_matches("no connection to .* within 1 s.*firewall", said)
        assert time.monotonic() - started < 5

    with OddServer(None) as silent:
        run(scene)


def test_the_cause_of_an_earlier_connection_is_not_that_of_this_one(server: Embedded) -> None:
    async def scene() -> None:
        directus = client(server.url, token="wrong")
        with pytest.raises(AuthenticationFailed):
            await directus.connect()
        connecting = asyncio.ensure_future(directus.connect())
        await asyncio.sleep(0)
        directus.disconnect()
        with pytest.raises(ConnectionFailed, match="was disconnected before"):
            await connecting

    run(scene)


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{SECRET}@example.com",
        f"htp://user:{SECRET}@example.com",
        f"user:{SECRET}@example.com",
        f"https://example.com?access_token={SECRET}",
        f"https://user:?{SECRET}@example.com",
        "http://exam ple.com",
        "http://example.com\n/x",
        "http://[::1",
        "http://example.com:port",
        "http://example.com:70000",
        "http://a..b",
        f"http://{'a' * 64}.example",
    ],
)
def test_an_address_that_nothing_can_be_asked_at_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(UsageError, match="address") as raised:
        create_directus(url)
    assert_no_secret(raised.value)


@pytest.mark.parametrize(
    "url", ["http://[::1]:8055", "https://a.b.example.", "ws://localhost:1/x:y@z", "http://ü.de"]
)
def test_an_address_that_is_odd_and_right_is_taken(url: str) -> None:
    assert create_directus(url).url == url


# A token that is wrong


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (f"{SECRET}\n", "a line end at position 28 of 28.*strip"),
        (f"{SECRET[:5]}\r\n{SECRET}", "a line end at position 6"),
        (f" {SECRET}", "a space at position 1"),
        (f"{SECRET}\0", "no HTTP header takes"),
        (f"{SECRET}€", "no HTTP header takes"),
        (f"{SECRET}\ud800", "no HTTP header takes"),
    ],
)
def test_a_token_that_no_header_takes_is_refused_and_not_shown(token: str, words: str) -> None:
    login = create_directus("http://localhost").with_(authentication())
    for give in (static_token, lambda given: asyncio.run(login.set_token(given))):
        with pytest.raises(UsageError, match=words) as raised:
            give(token)
        assert_no_secret(raised.value)


# A login that goes wrong


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer("404 Not Found", PAGE), "is not Directus: its /auth/login gave the status 404"),
        (answer("200 OK", PAGE), "is not Directus: its /auth/login sent no tokens"),
        (answer("200 OK", '{"data":{}}'), "is not Directus: its /auth/login sent no tokens"),
        (answer("200 OK", '{"data":{"access_token":"a","refresh_token":"b"}}'), "sent no tokens"),
        (answer("503 Unavailable", PAGE), "cannot answer now: Status 503"),
    ],
)
def test_a_login_at_what_is_no_directus_does_not_blame_the_password(
    given: bytes, words: str
) -> None:
    async def scene() -> None:
        with pytest.raises(ConnectionFailed, match=words) as raised:
            await create_directus(odd.url).with_(authentication()).login("ben@example.com", SECRET)
        assert not isinstance(raised.value, AuthenticationFailed)
        assert_no_secret(raised.value)

    with OddServer(given) as odd:
        run(scene)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (answer("200 OK", PAGE), "is not Directus: it sent a page"),
        (answer("502 Bad Gateway", PAGE), "A proxy answers at .*status 502"),
        (answer("308 Moved", Location="https://other.example/items/messages"), "other.example"),
    ],
    ids=["a page", "a gateway", "a redirect"],
)
def test_a_request_over_http_takes_no_page_for_its_result(given: bytes, words: str) -> None:
    async def scene() -> None:
        directus = create_directus(odd.url).with_(static_token(SECRET)).with_(rest())
        for command in (create_item("messages", {"text": SECRET}), read_me(), server_ping()):
            with pytest.raises(ConnectionFailed, match=words) as raised:
                await directus.request(command)
            assert_no_secret(raised.value)

    with OddServer(given) as odd:
        run(scene)


class Full:
    """A storage that is full, and shows what it was given."""

    def get(self) -> Any:
        raise PermissionError("not for you")

    def set(self, data: Any) -> None:
        raise ValueError(f"no room for {data}")


class FullAndLockable(Full, Shared):
    """The same, with a lock."""


@pytest.mark.parametrize("kind", [Full, FullAndLockable])
def test_a_login_outlives_a_storage_that_fails(
    server: Embedded, caplog: pytest.LogCaptureFixture, kind: type[Full]
) -> None:
    async def scene() -> None:
        login = create_directus(server.url).with_(authentication(storage=kind()))
        tokens = await login.login("editor@example.com", "editor-password")
        assert await login.get_token() == tokens["access_token"]
        assert (await login.refresh())["refresh_token"] != tokens["refresh_token"]
        directus = login.with_(realtime())
        await directus.connect()
        directus.disconnect()
        login.stop_refreshing()
        by_socket = create_directus(server.url).with_(
            credentials(email="editor@example.com", password="editor-password", storage=kind())
        )
        signed_in = by_socket.with_(realtime())
        await signed_in.connect()
        signed_in.disconnect()

    caplog.set_level(logging.WARNING, logger="directus")
    run(scene)
    (first, _second) = caplog.messages
    assert "The storage cannot keep the login" in first
    assert "(ValueError)" in first
    assert "token" not in caplog.text


# One client in two event loops


def test_a_client_starts_clean_in_a_second_event_loop(server: Embedded) -> None:
    directus = client(server.url, timeout=1)

    async def first() -> None:
        await directus.connect()
        await directus.items("messages").create({"text": "first"})

    async def second() -> None:
        assert directus.state == "closed"
        with pytest.raises(NotConnected, match=r"call `await directus\.connect\(\)` first"):
            await directus.items("messages").create({"text": "nowhere"})
        await directus.connect()
        await directus.items("messages").create({"text": "second"})
        directus.disconnect()

    run(first)
    assert directus.state == "closed"
    run(second)


def test_a_subscription_goes_on_in_a_second_event_loop(server: Embedded) -> None:
    directus = client(server.url, timeout=1)
    kept: list[Any] = []

    async def first() -> None:
        kept.append(await directus.subscribe("messages", event="create"))
        assert (await anext(kept[0]))["event"] == "init"
        waiting = asyncio.ensure_future(anext(kept[0]))
        await asyncio.sleep(0)
        assert not waiting.done()

    async def second() -> None:
        waiting = asyncio.ensure_future(anext(kept[0]))
        await directus.connect()
        assert (await waiting)["event"] == "init"
        await directus.items("messages").create({"text": "heard"})
        assert (await anext(kept[0]))["data"][0]["text"] == "heard"
        directus.disconnect()

    run(first)
    run(second)


def test_a_client_is_not_for_two_event_loops_at_once(server: Embedded) -> None:
    async def scene() -> None:
        directus = await connected(server.url)

        def elsewhere() -> None:
            asyncio.run(directus.items("messages").read())

        with pytest.raises(UsageError, match="is connected in another event loop"):
            await asyncio.to_thread(elsewhere)
        assert await directus.items("messages").read({"limit": 0}) == []
        directus.disconnect()

    run(scene)


def test_a_call_outside_an_event_loop_says_what_to_do(server: Embedded) -> None:
    with pytest.raises(UsageError, match="No event loop runs here"):
        client(server.url).send_message({"type": "ping"})


# What an attempt holds


def test_disconnecting_releases_the_storage_of_the_refresh_token() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": SECRET})
        directus = by_refresh_token(silent.url, storage)
        connecting = asyncio.ensure_future(directus.connect())
        while not storage.lock().locked():
            await asyncio.sleep(0.01)
        directus.disconnect()
        with pytest.raises(ConnectionFailed):
            await connecting
        async with asyncio.timeout(1), storage.lock():
            pass

    with OddServer(None) as silent:
        run(scene)


def test_who_begins_again_at_once_waits_until_the_lock_is_free() -> None:
    async def scene() -> None:
        storage = Shared({"refresh_token": "one"})
        first, second = (SocketCredentials({}, None, storage) for _ in range(2))
        await first.credentials()
        first.attempt_ended()
        await first.credentials()
        assert storage.lock().locked()
        waiting = asyncio.ensure_future(second.credentials())
        await asyncio.sleep(1)
        assert not waiting.done()
        first.attempt_ended()
        assert (await waiting).fields == {"refresh_token": "one"}
        assert clock.now() == pytest.approx(1)

    clock.run(scene())


def by_refresh_token(url: str, storage: Shared) -> RealtimeClient:
    return (
        create_directus(url)
        .with_(credentials(refresh_token="x", storage=storage))
        .with_(realtime())
    )


# Secrets

Attempt = Callable[[str], Awaitable[Any]]


async def _in_the_address(url: str) -> Any:
    return await client(url, token=SECRET, auth_mode="strict").connect(timeout=1)


async def _with_password(url: str) -> Any:
    return await create_directus(url).with_(authentication()).login("ben@example.com", SECRET)


async def _with_stored_token(url: str) -> Any:
    login = create_directus(url).with_(authentication(storage=Shared(_expired())))
    return await login.refresh()


async def _with_bad_stored_token(url: str) -> Any:
    stored = {**_expired(), "access_token": SECRET + "\n", "expires": None}
    login = create_directus(url).with_(authentication(storage=Shared(stored)))
    return await login.with_(rest()).request(server_ping())


async def _over_the_socket(url: str) -> Any:
    signing_in = credentials(email="ben@example.com", password=SECRET, refresh_token=SECRET)
    return await create_directus(url).with_(signing_in).with_(realtime()).connect(timeout=1)


async def _item(url: str) -> Any:
    directus = client(url, token=SECRET)
    return await directus.items("messages").create({"text": {SECRET}})


def _expired() -> dict[str, Any]:
    return {"access_token": SECRET, "refresh_token": SECRET, "expires": 1, "expires_at": 0}


@pytest.mark.parametrize(
    "given",
    [
        answer("200 OK", PAGE),
        answer("301 Moved", Location=f"https://u:{SECRET}@other.example/?token={SECRET}"),
        answer("401 Unauthorized", '{"errors":[{"message":"Invalid user credentials."}]}'),
        answer("502 Bad Gateway", PAGE),
        b"SSH-2.0-odd\r\n",
        b"",
    ],
    ids=["a page", "a redirect", "refused", "a gateway", "no http", "nothing"],
)
@pytest.mark.parametrize(
    "attempt",
    [
        refusal,
        _in_the_address,
        _with_password,
        _with_stored_token,
        _with_bad_stored_token,
        _over_the_socket,
        _item,
    ],
)
def test_no_failure_shows_a_secret(
    attempt: Attempt, given: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        error: BaseException | None = None
        try:
            await attempt(odd.url)
        except DirectusError as raised:
            error = raised
        if error is not None:
            assert_no_secret(error)
            assert str(error).endswith(".")

    caplog.set_level(logging.DEBUG, logger="directus")
    with OddServer(given) as odd:
        run(scene)
    assert SECRET not in caplog.text


def assert_matches(words: str, said: str) -> None:
    assert re.search(words, said), said


# Credentials that cannot be obtained


class Refuses(OddServer):
    """A Directus that cannot refresh tokens now, and is well otherwise."""

    def answer_to(self, request: str) -> bytes:
        path = request.split(" ", 2)[1]
        if path == "/server/ping":
            return answer("200 OK", "pong")
        code = "TOKEN_EXPIRED" if path == "/server/info" else "SERVICE_UNAVAILABLE"
        status = "401 Unauthorized" if path == "/server/info" else "503 Unavailable"
        return answer(
            status, f'{{"errors":[{{"message":"Not now.","extensions":{{"code":"{code}"}}}}]}}'
        )


EXPIRED = {"access_token": "old", "refresh_token": "next", "expires": 900.0, "expires_at": 1.0}


def test_a_token_that_cannot_be_refreshed_now_is_not_called_refused() -> None:
    async def scene() -> None:
        login = create_directus(odd.url).with_(authentication(storage=Memory(dict(EXPIRED))))
        directus = login.with_(realtime())
        with pytest.raises(ConnectionFailed, match=r"cannot answer now: .*SERVICE_UN") as raised:
            await directus.connect(timeout=1.5)
        assert not isinstance(raised.value, AuthenticationFailed)
        assert directus.state == "closed"

    with Refuses(b"") as odd:
        run(scene)


ODD_LOGINS: list[dict[str, Any]] = [
    {"token": "of another program"},
    {"access_token": 7},
    {**EXPIRED, "expires": "900"},
    {**EXPIRED, "expires_at": None},
    {**EXPIRED, "refresh_token": ["next"]},
]


@pytest.mark.parametrize("stored", ODD_LOGINS)
def test_what_a_storage_has_that_is_no_login_counts_for_none(
    server: Embedded, stored: dict[str, Any]
) -> None:
    async def scene() -> None:
        login = create_directus(server.url).with_(authentication(storage=Memory(stored)))
        assert await login.get_token() is None
        with pytest.raises(AuthenticationFailed, match=r"directus\.login"):
            await login.with_(realtime()).connect(timeout=5)

    run(scene)


class Broken(TokenSource):
    """A source of tokens that a program wrote, with a fault in it."""

    async def credentials(self, refused: dict[str, str] | None = None) -> Credentials:
        raise KeyError(SECRET)


def test_a_fault_in_a_source_of_tokens_is_told_at_once(
    server: Embedded, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        project = create_directus(server.url)
        project.tokens = Broken()
        directus = project.with_(realtime())
        with pytest.raises(ConnectionFailed, match=r"its storage, raised a KeyError") as raised:
            await directus.connect(timeout=5)
        assert directus.state == "failed"
        assert_no_secret(raised.value)

    run(scene)
    assert "KeyError" in caplog.text


# Waits that have an end


def test_a_login_waits_for_another_programs_lock_so_long_and_no_longer() -> None:
    async def scene() -> None:
        storage = Shared(dict(EXPIRED))
        login = create_directus("http://127.0.0.1:1").with_(authentication(storage=storage))
        await storage.lock().acquire()
        attempts: list[Awaitable[Any]] = [
            login.login("ben@example.com", SECRET),
            login.refresh(),
            login.set_token("other"),
            login.logout(),
        ]
        for attempt in attempts:
            with pytest.raises(ConnectionFailed, match=r"holds the lock .* 30 s") as raised:
                await attempt
            assert not isinstance(raised.value, AuthenticationFailed)
        assert storage.data == EXPIRED
        storage.lock().release()
        await login.set_token("other")

    clock.run(scene())


def test_a_connection_that_waits_for_a_lock_does_not_blame_the_server(server: Embedded) -> None:
    async def scene() -> None:
        storage = Shared(dict(EXPIRED))
        login = create_directus(server.url).with_(authentication(storage=storage))
        by_socket = create_directus(server.url).with_(
            credentials(refresh_token="one", storage=storage)
        )
        await storage.lock().acquire()
        for signed_in in (login, by_socket):
            with pytest.raises(ConnectionFailed, match=r"credentials .* not come in time.*lock"):
                await signed_in.with_(realtime()).connect(timeout=0.3)
        storage.lock().release()

    run(scene)


class Drips(OddServer):
    """Sends its answer byte by byte, each soon enough for who waits for the next."""

    def __init__(self) -> None:
        super().__init__(b"")
        self.left = threading.Event()

    def answer_to(self, request: str) -> bytes:
        return answer("200 OK", "x" * 200)

    def deliver(self, connection: socket.socket, given: bytes) -> None:
        try:
            for byte in given:
                connection.sendall(bytes([byte]))
                self.left.wait(0.05)
        except OSError:
            self.left.set()


def test_an_answer_that_never_ends_is_waited_for_so_long_and_no_longer() -> None:
    async def scene() -> None:
        login = create_directus(drip.url).with_(authentication(timeout=0.5))
        with pytest.raises(ConnectionFailed, match="in time"):
            await login.login("ben@example.com", SECRET)

    with Drips() as drip:
        run(scene)
        assert drip.left.wait(5)
