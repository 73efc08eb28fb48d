"""A folder of files over HTTP, as plain and as quick as the peers' pages could wish for.

Starlette sends a file in small pieces, each by way of a thread. Page and server share the cores
here, so what that takes would count against the peers. Here a file is read at once and sent at
once, with the same headers: its type, no compression, and an ETag by which a second visit costs a
304.
"""

import os
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope


class WholeFiles(StaticFiles):
    """The files of a folder, an index.html where a folder is asked for; links are followed."""

    def __init__(self, folder: Path) -> None:
        """Serve what lies in ``folder``."""
        super().__init__(directory=folder, html=True, follow_symlink=True)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Answer with a whole file, or say that the browser's own is still right."""
        found = super().file_response(full_path, stat_result, scope, status_code)
        if not isinstance(found, FileResponse):
            return found
        whole = Response(Path(full_path).read_bytes(), status_code, media_type=found.media_type)
        headers = MutableHeaders(raw=whole.raw_headers)
        for name in ("etag", "last-modified"):
            headers[name] = found.headers[name]
        return whole
