"""The rest of the SDK in the browser: what it does there by other means than elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.test_page import RUN_PYTHON
from tests.support.pages import Open
from tests.support.project import Project, embedded

LOGIN = """
from js import localStorage
from app.directus import (
    AuthenticationFailed, ServerError, authentication, create_directus, create_item, delete_item,
    local_storage, read_items, realtime, rest,
)

async def scene():
    login = create_directus("{url}").with_(authentication(storage=local_storage("test")))
    try:
        await login.login("{email}", "wrong")
    except AuthenticationFailed as error:
        print("refused", error.code)
    await login.login("{email}", "{password}")
    print("kept", "refresh_token" in localStorage.getItem("test"))
    requests = login.with_(rest())
    await requests.request(create_item("messages", {{"text": "Grüße", "user": "Ben"}}))
    found = await requests.request(read_items("messages", {{"fields": ["text"], "limit": 1}}))
    print("read", found)
    try:
        await requests.request(delete_item("messages", 1))
    except ServerError as error:
        print("error", error.code)
    remembered = create_directus("{url}").with_(authentication(storage=local_storage("test")))
    directus = remembered.with_(realtime())
    await directus.connect()
    print("connected", directus.state)
    directus.disconnect()
    await remembered.logout()
    print("forgotten", local_storage("test").get())

await scene()
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Project]:
    """A project with somebody who can log in."""
    with embedded(tmp_path, "handshake") as server:
        yield Project(server.url)


def test_log_in_remember_request_and_log_out_in_the_browser(open_page: Open, site: Project) -> None:
    page = open_page(settings={"log": False})
    code = LOGIN.format(url=site.url, email=site.email, password=site.password)
    page.page.evaluate(RUN_PYTHON, code)
    assert page.wait_for_lines(6) == [
        "refused INVALID_CREDENTIALS",
        "kept True",
        "read [{'text': 'Grüße'}]",
        "error FORBIDDEN",
        "connected open",
        "forgotten None",
    ]
