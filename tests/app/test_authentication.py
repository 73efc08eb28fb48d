"""Who one is, over real sockets: each way to say it, and what happens when a token ends.

`tests/directus/test_sdk.py` runs the same on a real Directus.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.directus import (
    AuthenticationClient,
    AuthenticationFailed,
    ConnectionFailed,
    DirectusClient,
    NotConnected,
    RealtimeClient,
    UsageError,
    authentication,
    create_directus,
    credentials,
    read_items,
    read_me,
    realtime,
    rest,
)
from tests.support.client import run
from tests.support.embedded import free_port
from tests.support.project import LIFE, Project, embedded

QUERY = {"fields": ["user", "text"]}

StartProject = Callable[[str], Project]


@pytest.fixture(scope="module")
def start_project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProject]:
    """A function that starts a project with an auth mode, once for each."""
    with ExitStack() as stack:
        started: dict[str, Project] = {}

        def start(auth: Any) -> Project:
            if auth not in started:
                server = stack.enter_context(embedded(tmp_path_factory.mktemp(auth), auth))
                started[auth] = Project(server.url)
            return started[auth]

        yield start


@pytest.fixture
def project(start_project: StartProject) -> Project:
    """A project in the auth mode handshake."""
    return start_project("handshake")


class Memory:
    """Remembers a login, as a test wants it."""

    def __init__(self) -> None:
        self.data: dict[str, Any] | None = None

    def get(self) -> dict[str, Any] | None:
        return self.data

    def set(self, data: dict[str, Any] | None) -> None:
        self.data = data

    def change(self, **fields: Any) -> None:
        """Change what is remembered behind everybody's back."""
        assert self.data is not None
        self.data = {**self.data, **fields}


class Seen:
    """What a client's handlers saw."""

    def __init__(self, directus: RealtimeClient) -> None:
        self.auth: list[Any] = []
        self.opened: list[Any] = []
        self.states: list[str] = []
        self._changed = asyncio.Event()
        directus.on_web_socket("message", self._on_message)
        directus.on_web_socket("open", self.opened.append)
        directus.on_state(lambda change: self.states.append(change.state))

    def _on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "auth":
            self.auth.append(message)
            self._changed.set()

    async def authenticated(self, times: int) -> None:
        """Wait until Directus has taken an auth message for so many times."""
        while len(self.auth) < times:
            self._changed.clear()
            await self._changed.wait()


async def logged_in(project: Project, **options: Any) -> AuthenticationClient:
    """Return a client that has logged in."""
    login = create_directus(project.url).with_(authentication(**options))
    await login.login(project.email, project.password)
    return login


async def works(directus: RealtimeClient) -> bool:
    """Return whether the client may read."""
    return isinstance(await directus.items("messages").read({"limit": 1}), list)


# The modes


@pytest.mark.parametrize("mode", ["handshake", "strict", "public"])
def test_each_auth_mode_connects_and_subscribes(start_project: StartProject, mode: str) -> None:
    async def scene() -> None:
        project = start_project(mode)
        client = create_directus(project.url) if mode == "public" else await logged_in(project)
        directus = client.with_(realtime(auth_mode=mode))
        seen = Seen(directus)
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await directus.items("messages").create({"text": mode, "user": None})
        assert (await anext(subscription))["event"] == "init"
        assert (await anext(subscription))["data"] == [{"text": mode, "user": None}]
        assert len(seen.auth) == (mode == "handshake")
        directus.disconnect()

    run(scene)


# authentication()


def test_log_in_and_use_the_token_for_requests_and_for_the_connection(project: Project) -> None:
    async def scene() -> None:
        login = await logged_in(project)
        assert isinstance((await login.with_(rest()).request(read_me()))["id"], str)
        directus = login.with_(realtime())
        await directus.connect()
        assert await works(directus)
        directus.disconnect()

    run(scene)


def test_the_tokens_are_those_of_all_clients_of_a_chain(project: Project) -> None:
    async def scene() -> None:
        # As one writes it in JavaScript; type checkers know of the last link only.
        directus: Any = create_directus(project.url).with_(realtime())
        directus = directus.with_(rest()).with_(authentication())
        await directus.login(project.email, project.password)
        assert isinstance(await directus.request(read_items("messages", {"limit": 1})), list)
        await directus.connect()
        assert await works(directus)
        directus.disconnect()

    run(scene)


def test_an_access_token_is_refreshed_before_expiry_and_sent_on_the_open_connection(
    project: Project,
) -> None:
    async def scene() -> None:
        directus = (await logged_in(project)).with_(realtime())
        seen = Seen(directus)
        await directus.connect()
        first = await directus.get_token()
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await anext(subscription)
        await seen.authenticated(2)
        assert await directus.get_token() != first
        await directus.items("messages").create({"text": "on the same socket"})
        assert (await anext(subscription))["data"][0]["text"] == "on the same socket"
        assert seen.states == ["connecting", "authenticating", "open"]
        assert len(seen.opened) == 1
        directus.disconnect()

    run(scene)


def test_an_expired_token_is_refreshed_and_sent_on_the_open_connection(project: Project) -> None:
    async def scene() -> None:
        storage = Memory()
        directus = (await logged_in(project, storage=storage, auto_refresh=False)).with_(realtime())
        storage.change(expires=900.0, expires_at=storage.get()["expires_at"] + 900 - LIFE)
        seen = Seen(directus)
        await directus.connect()
        subscription = await directus.subscribe("messages", event="create", query=QUERY)
        await anext(subscription)
        await seen.authenticated(2)
        assert seen.states == ["connecting", "authenticating", "open", "authenticating", "open"]
        await directus.items("messages").create({"text": "after the expiry"})
        assert (await anext(subscription))["data"][0]["text"] == "after the expiry"
        assert len(seen.opened) == 1
        directus.disconnect()

    run(scene)


def test_while_expired_what_is_asked_for_waits_and_is_answered(project: Project) -> None:
    async def scene() -> None:
        storage = Memory()
        directus = (await logged_in(project, storage=storage, auto_refresh=False)).with_(realtime())
        storage.change(expires=900.0, expires_at=storage.get()["expires_at"] + 900 - LIFE)
        asked: list[asyncio.Future[Any]] = []

        def ask(change: Any) -> None:
            if change.state == "authenticating" and seen.opened:
                create = directus.items("messages").create({"text": "asked meanwhile"})
                asked.append(asyncio.ensure_future(create))

        seen = Seen(directus)
        directus.on_state(ask)
        await directus.connect()
        await seen.authenticated(2)
        (created,) = await asyncio.gather(*asked)
        assert created["text"] == "asked meanwhile"
        directus.disconnect()

    run(scene)


def test_log_out_ends_what_was_remembered(project: Project) -> None:
    async def scene() -> None:
        storage = Memory()
        login = await logged_in(project, storage=storage)
        refresh_token = storage.get()["refresh_token"]
        await login.logout()
        assert storage.data is None
        assert await login.get_token() is None
        again = create_directus(project.url).with_(credentials(refresh_token=refresh_token))
        with pytest.raises(AuthenticationFailed):
            await again.with_(realtime()).connect()

    run(scene)


def test_a_remembered_login_is_used_by_the_next_client_and_one_not_remembered_is_not(
    project: Project,
) -> None:
    async def scene() -> None:
        storage = Memory()
        await logged_in(project, storage=storage)
        next_client = create_directus(project.url).with_(authentication(storage=storage))
        directus = next_client.with_(realtime())
        await directus.connect()
        assert await works(directus)
        directus.disconnect()
        stranger = create_directus(project.url).with_(authentication()).with_(realtime())
        with pytest.raises(AuthenticationFailed, match=r"login\(\.\.\.\)` first"):
            await stranger.connect()

    run(scene)


def test_a_wrong_password_is_told_with_directus_own_code(project: Project) -> None:
    async def scene() -> None:
        login = create_directus(project.url).with_(authentication())
        with pytest.raises(AuthenticationFailed, match="Invalid user credentials") as raised:
            await login.login(project.email, "wrong")
        assert raised.value.code == "INVALID_CREDENTIALS"

    run(scene)


def test_where_nothing_listens_a_login_says_so() -> None:
    async def scene() -> None:
        login = create_directus(f"http://127.0.0.1:{free_port()}").with_(authentication())
        with pytest.raises(ConnectionFailed, match="Nothing answers at"):
            await login.login("ben@example.com", "secret")

    run(scene)


# A wrong token


@pytest.mark.parametrize("mode", ["handshake", "strict"])
def test_a_wrong_token_is_refreshed_once_and_then_good(
    start_project: StartProject, mode: str
) -> None:
    async def scene() -> None:
        storage = Memory()
        login = await logged_in(start_project(mode), storage=storage)
        storage.change(access_token="wrong")
        directus = login.with_(realtime(auth_mode=mode))
        await directus.connect()
        assert await works(directus)
        assert storage.get()["access_token"] != "wrong"
        directus.disconnect()

    run(scene)


@pytest.mark.parametrize("mode", ["handshake", "strict"])
def test_a_wrong_token_ends_in_failed_with_the_reason_and_no_retry(
    start_project: StartProject, mode: str
) -> None:
    async def scene() -> None:
        storage = Memory()
        login = await logged_in(start_project(mode), storage=storage)
        storage.change(access_token="wrong", refresh_token="wrong too")
        directus = login.with_(realtime(auth_mode=mode))
        with pytest.raises(AuthenticationFailed, match="Log in again"):
            await directus.connect()
        assert directus.state == "failed"
        with pytest.raises(NotConnected):
            directus.send_message({"type": "ping"})

    run(scene)


def test_strict_mode_stays_connected_with_a_login(start_project: StartProject) -> None:
    async def scene() -> None:
        directus = (await logged_in(start_project("strict"))).with_(realtime(auth_mode="strict"))
        seen = Seen(directus)
        await directus.connect()
        await seen.authenticated(1)  # no auth message was needed for the first token
        assert await works(directus)
        assert len(seen.opened) == 1
        directus.disconnect()

    run(scene)


# credentials()


def test_email_and_password_over_the_socket(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        signed_in = create_directus(project.url).with_(
            credentials(email=project.email, password=project.password)
        )
        directus = signed_in.with_(realtime())
        seen = Seen(directus)
        for _ in range(3):  # the later times with the refresh token that came
            await directus.connect()
            assert await works(directus)
            directus.disconnect()
        assert seen.auth == [{"type": "auth", "status": "ok"}] * 3

    caplog.set_level(logging.DEBUG, logger="directus")
    run(scene)
    sent = [text for text in caplog.messages if text.startswith("> ") and '"auth"' in text]
    assert sent == [
        f'> {{"email":"{project.email}","password":"***","type":"auth"}}',
        '> {"refresh_token":"***","type":"auth"}',
        '> {"refresh_token":"***","type":"auth"}',
    ]


def test_a_connection_that_was_signed_in_over_the_socket_outlives_its_expiry(
    project: Project,
) -> None:
    async def scene() -> None:
        signed_in = create_directus(project.url).with_(
            credentials(email=project.email, password=project.password)
        )
        directus = signed_in.with_(realtime())
        seen = Seen(directus)
        await directus.connect()
        await seen.authenticated(2)
        assert await works(directus)
        assert len(seen.opened) == 1
        directus.disconnect()

    run(scene)


def test_a_refresh_token_over_the_socket(project: Project) -> None:
    async def scene() -> None:
        token = (await (await logged_in(project)).refresh())["refresh_token"]
        directus = _with_refresh_token(project, token)
        await directus.connect()
        assert await works(directus)
        directus.disconnect()
        used = _with_refresh_token(project, token)
        with pytest.raises(AuthenticationFailed, match="refused the refresh token"):
            await used.connect()
        password = {"email": project.email, "password": project.password}
        besides = create_directus(project.url).with_(credentials(refresh_token=token, **password))
        directus = besides.with_(realtime())
        await directus.connect()  # the password is tried when the token is refused
        directus.disconnect()

    run(scene)


def _with_refresh_token(project: Project, token: str) -> RealtimeClient:
    client = create_directus(project.url).with_(credentials(refresh_token=token))
    return client.with_(realtime())


def test_a_wrong_password_over_the_socket_is_final(project: Project) -> None:
    async def scene() -> None:
        signed_in = create_directus(project.url).with_(
            credentials(email=project.email, password="wrong")
        )
        directus = signed_in.with_(realtime())
        with pytest.raises(AuthenticationFailed, match="e-mail address or the password"):
            await directus.connect()
        assert directus.state == "failed"

    run(scene)


def test_credentials_have_no_token_for_the_strict_mode_and_say_so(
    start_project: StartProject,
) -> None:
    async def scene() -> None:
        project = start_project("strict")
        signed_in = create_directus(project.url).with_(
            credentials(email=project.email, password=project.password)
        )
        with pytest.raises(AuthenticationFailed, match="use static_token or authentication"):
            await signed_in.with_(realtime(auth_mode="strict")).connect()

    run(scene)


@pytest.mark.parametrize("given", [{}, {"email": "ben@example.com"}, {"password": "secret"}])
def test_credentials_that_are_none_are_refused_with_an_example(given: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r'credentials\(email="ben@example.com"'):
        credentials(**given)


# A client made from a client


def test_a_client_that_lacks_something_says_what_brings_it() -> None:
    client: Any = create_directus("http://localhost").with_(realtime())
    with pytest.raises(AttributeError, match=r'has no "login".*authentication\(\)'):
        client.login()


def test_private_parts_are_not_reached_through_another_client() -> None:
    client: Any = create_directus("http://localhost").with_(realtime()).with_(rest())
    assert client.state == "closed"
    assert not hasattr(client, "_core")
    assert isinstance(client, DirectusClient)
