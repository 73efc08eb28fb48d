"""What the SDK does in the browser alone; the rest is in `tests/behaviours`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.in_page import RUN_PYTHON
from tests.support.pages import Open
from tests.support.project import LIFE, Project, embedded

LOGIN = """
from js import localStorage
from directus_realtime import authentication, create_directus, local_storage, realtime

async def scene():
    login = create_directus("{url}").with_(authentication(storage=local_storage("test")))
    await login.login("{email}", "{password}")
    print("kept", "refresh_token" in localStorage.getItem("test"))
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
    with embedded(tmp_path, access_token_ttl=LIFE) as server:
        yield Project(server.url)


def test_a_login_is_kept_in_the_browser_until_one_logs_out(open_page: Open, site: Project) -> None:
    page = open_page(settings={"log": False})
    code = LOGIN.format(url=site.url, email=site.email, password=site.password)
    page.page.evaluate(RUN_PYTHON, code)
    assert page.wait_for_lines(3) == ["kept True", "connected open", "forgotten None"]
