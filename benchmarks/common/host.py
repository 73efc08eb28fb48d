"""One server of all pages: ``python -m benchmarks.common.host FOLDER DATABASE [URL]``.

It is our embedded server, and serves our page under ``/quiet/`` and, with the guide's lines in the
console, under ``/logging/``; the files of FOLDER under ``/peers/``. URL is what our pages connect
to, else this server. It prints its address when it listens.
"""

import sys
from pathlib import Path

from starlette.routing import Mount

from benchmarks.common.files import WholeFiles
from benchmarks.common.set_up import ROOT
from server.app import serve
from server.config import Config
from tools import listening
from web.delivery import routes
from web.site import Site


def main(folder: str, database: str, url: str = "") -> None:
    """Serve until the process is ended."""
    listener = listening.listen("127.0.0.1", 0)
    address = listening.url_of(listener).rstrip("/")
    settings = {"url": url or address}  # "" is the page's own path, where no Directus is
    pages = [
        Mount("/quiet", routes=routes(Site(ROOT, {**settings, "log": False}))),
        Mount("/logging", routes=routes(Site(ROOT, {**settings, "log": True}))),
        Mount("/peers", WholeFiles(Path(folder))),
    ]
    serve(Config(database=Path(database)), listener, lambda: print(address, flush=True), pages)


if __name__ == "__main__":
    main(*sys.argv[1:])
