"""The guide's project."""

from server.project import Project
from server.project_file import GUIDE, read_project


def guide(token: str) -> Project:
    """Return the guide's project: ``messages``, which a user with ``token`` reads and creates."""
    return read_project(GUIDE, token)
