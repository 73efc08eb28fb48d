"""Servers of applications of the tests' own, as ``server/background.py`` runs them."""

import uvicorn
from starlette.applications import Starlette


def server_for(app: Starlette) -> uvicorn.Server:
    """Return a server for an application of the test's own, with sockets as Directus has them."""
    options = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_ping_interval=None,
        log_config=None,
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(options)
