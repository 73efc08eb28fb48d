"""A server of pages: ``python -m benchmarks.pages_server PORT ROOT DATABASE [ORIGIN]``.

With ORIGIN the folder ROOT is served as files, and everything else by our server, to which the
pages of ORIGIN may connect, too.
"""

import socket
import sys
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks.common.files import WholeFiles
from server.app import create_app
from server.config import Config
from server.websocket.upgrade import UpgradeProtocol
from web.delivery import routes
from web.site import Site

_ROOT = Path(__file__).resolve().parent.parent


class _Server(uvicorn.Server):
    """Prints a line when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print("listening", flush=True)


def main(port: str, root: str, database: str, *origin: str) -> None:
    """Serve until the process is ended; print a line once connections are accepted."""
    pages = routes(Site(_ROOT if origin else Path(root)))
    config = Config(database=Path(database), cors_enabled=bool(origin), cors_origin=origin)
    app: ASGIApp = create_app(config, pages)
    server = _Server(
        uvicorn.Config(
            _with_files(app, Path(root)) if origin else app,
            port=int(port),
            ws=UpgradeProtocol,
            ws_ping_interval=None,
            log_level="warning",
            access_log=False,
        )
    )
    server.run()


def _with_files(app: ASGIApp, root: Path) -> ASGIApp:
    files = WholeFiles(root)

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        first = scope.get("path", "/").split("/")[1]
        is_file = scope["type"] == "http" and first and (root / first).exists()
        await (files if is_file else app)(scope, receive, send)

    return choose


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5):  # no benchmark: these start it
        sys.exit(__doc__)
    main(*sys.argv[1:])
