"""The command line: `python3 serve.py` sets up what is missing, then serves the page.

python3 serve.py --help lists the options.
"""

import os
import sys

# No newer syntax in this file: an old Python has to get as far as this sentence.
if sys.version_info < (3, 11):
    sys.exit(
        "serve.py needs Python 3.11 or newer, and this is Python {}.{}: start it with a newer "
        "one, as in `python3.14 serve.py`.".format(*sys.version_info)
    )

# A module of the person's, such as a json.py, comes after Python's own.
theirs = {os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
sys.path.sort(key=lambda path: path in theirs)
# With PYTHONSAFEPATH, Python does not look in this folder by itself.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

INTERRUPTED = 130  # the exit code after Ctrl-C, as a shell has it


def main() -> int:
    """Do what the command line says; return the exit code."""
    try:
        # Ctrl-C may come while the modules are imported.
        from tools.command_line import run
        from tools.output import keep_going

        keep_going()
        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
