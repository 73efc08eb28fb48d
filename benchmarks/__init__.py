"""How fast we are beside others; each module runs by itself, as ``python3 -m benchmarks.NAME``."""

import sys

# Python itself says so while it looks for the module that it was told to run. That module imports
# what set-up installs, so this is the one place that comes before.
if sys.argv[0] == "-m":
    from benchmarks.common.set_up import set_up

    set_up()
