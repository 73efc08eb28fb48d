"""The examples' projects: what their users may do, and what the command line says of them."""

from pathlib import Path

import httpx
import pytest

from server.background import EmbeddedServer
from server.config import Config
from tests.support import plain_http
from tools.examples import find, names


def log_in(url: str, email: str, password: str) -> httpx.Client:
    answer = plain_http.post(f"{url}/auth/login", json={"email": email, "password": password})
    token = answer.raise_for_status().json()["data"]["access_token"]
    return plain_http.client(base_url=url, headers={"Authorization": f"Bearer {token}"})


def test_nobody_changes_what_others_write(tmp_path: Path) -> None:
    example = find("chat")
    config = Config(database=tmp_path / "chat.db", project=example.project, login_stall_time=0)
    with EmbeddedServer(config) as server:
        ann, ben = (log_in(server.url, *login) for login in example.logins.items())
        for collection, data in (("messages", {"text": "mine"}), ("presence", {"away": False})):
            path = f"/items/{collection}"
            key = ann.post(path, json=data).json()["data"]["id"]
            assert ben.patch(f"{path}/{key}", json=data).status_code == 403
            assert ben.delete(f"{path}/{key}").status_code == 403
            query = {"fields": "user_created.first_name"}
            assert ben.get(path, params=query).json()["data"] == [
                {"user_created": {"first_name": "Ann"}}
            ]
            assert ann.patch(f"{path}/{key}", json=data).status_code == 200
        assert ben.get("/items/messages?fields=user_created.email").status_code == 403
        ann.close()
        ben.close()


def test_what_there_is_to_try() -> None:
    assert names() == ["chat", "poll"]
    assert find("chat").advice() == (
        "log in as ann@example.com (password ann-password) or ben@example.com "
        "(password ben-password)"
    )
    assert find("poll").advice() == "open the page in two windows"


@pytest.mark.parametrize(
    ("name", "collections"), [("chat", ["messages", "presence"]), ("poll", ["votes"])]
)
def test_what_an_example_needs(name: str, collections: list[str]) -> None:
    assert find(name).collections == collections
