"""A process with the server imported, of which the tests' servers are forked.

``python -m tests.support.template FD``: each message on the socket ``FD`` asks for one server. A
server that is forked is a process of its own like any other, and starts in a tenth of the time.
"""

import importlib
import json
import os
import signal
import socket
import sys

from tests.support.forked import MESSAGE_LIMIT
from tools import command_line

LATE = (
    "server.app",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "web.delivery",
    "web.site",
)
"""What a start imports when it gets there."""


def main(fd: int) -> int:
    """Fork a server for each message; in the server, return the exit code."""
    for name in LATE:
        importlib.import_module(name)
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # then nobody has to wait for them
    with socket.socket(fileno=fd) as line:
        while True:
            text, fds, _, _ = socket.recv_fds(line, MESSAGE_LIMIT, 2)
            if not text:  # whoever started this has ended
                os.killpg(0, signal.SIGKILL)
            pid = os.fork()
            if not pid:
                break
            for each in fds:
                os.close(each)
            line.send(str(pid).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for each, standard in zip(fds, (1, 2), strict=True):
        os.dup2(each, standard)
        os.close(each)
    wanted = json.loads(text)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    sys.orig_argv[1:] = ["serve.py", *wanted["arguments"]]  # set-up starts itself again
    return command_line.run(wanted["arguments"])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
