"""A project with somebody who can log in, and whose tokens end after a few seconds."""

from dataclasses import dataclass
from pathlib import Path

from server.app import create_server
from server.config import AuthMode, Config
from tests.support.background import Background
from tests.support.embedded import EDITORS, ROOT

LIFE = 3
"""Seconds that an access token is good for, less up to one: Directus counts whole ones."""


@dataclass(frozen=True)
class Project:
    """Where a project is, and who may do everything with the messages there."""

    url: str
    email: str = "editor@example.com"
    password: str = "editor-password"


def embedded(folder: Path, auth: AuthMode = "handshake") -> Background:
    """Return the embedded server with such a project, in a thread of this process.

    Pages of other origins are let in. In the auth mode public anybody has the user's rights.
    """
    project = folder / "project.toml"
    public = '[public]\npolicies = ["Editors"]\n' if auth == "public" else ""
    project.write_text(EDITORS + public)
    config = Config(
        root=ROOT,
        database=folder / "messages.db",
        project=project,
        auth=auth,
        access_token_ttl=LIFE,
        login_stall_time=0.0,
        cors_enabled=True,
        cors_origin=True,
    )
    return Background(create_server(config, lambda: None))
