"""A project with several people, and clients that speak as one of them."""

from pathlib import Path
from typing import Any

import httpx

from server.errors import DirectusError
from tests.support import plain_http

PROJECT = Path(__file__).with_name("project.toml")

EDITOR = {"email": "Editor@example.com", "password": "editor's password"}

WRITER = {"email": "writer@example.com", "password": "writer's password"}


def client(address: str, token: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return plain_http.client(base_url=f"http://{address}", headers=headers)


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    """Return the status, the code and the words of an answer that is a refusal."""
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"], error["message"]


def code_and_message(error: DirectusError) -> tuple[str, str]:
    return error.code, error.message


def without_times(data: Any) -> Any:
    if isinstance(data, list):
        return [without_times(item) for item in data]
    return {name: value for name, value in data.items() if name != "date_created"}
