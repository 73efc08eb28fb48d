"""A project with somebody who can log in, and whose tokens end after a few seconds."""

from dataclasses import dataclass
from pathlib import Path

from server.app import create_server
from server.config import AuthMode, Config
from server.project_file import GUIDE, SAMPLE_TOKEN
from tests.support.background import Background
from tests.support.embedded import ROOT

LIFE = 3
"""Seconds that an access token is good for, less up to one: Directus counts whole ones."""


@dataclass(frozen=True)
class Project:
    """Where a project is, and who may read and create messages there."""

    url: str
    email: str = "poster@example.com"
    password: str = "poster-pass"


def embedded(folder: Path, auth: AuthMode) -> Background:
    """Return the embedded server with such a project, in a thread of this process.

    In the auth mode public anybody may read and create messages.
    """
    token = f'token = "{SAMPLE_TOKEN}"'
    guide = GUIDE.read_text(encoding="utf-8")
    assert token in guide
    project = folder / "project.toml"
    guide = guide.replace(token, f'{token}\npassword = "{Project.password}"')
    if auth == "public":
        guide = guide.replace("[public]\npolicies = []", '[public]\npolicies = ["Public Posts"]')
    project.write_text(guide)
    config = Config(
        root=ROOT,
        database=folder / "messages.db",
        project=project,
        auth=auth,
        access_token_ttl=LIFE,
        login_stall_time=0.0,
    )
    return Background(create_server(config, lambda: None))
