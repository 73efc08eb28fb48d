"""How fast we are beside others; each module runs by itself, as ``python3 -m benchmarks.NAME``."""

import sys
from types import TracebackType


def _quiet_after_ctrl_c(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)


# Python itself says so while it looks for the module that it was told to run. That module imports
# what set-up installs, so this is the one place that comes before.
if sys.argv[0] == "-m":
    sys.excepthook = _quiet_after_ctrl_c
    from benchmarks.common.set_up import set_up

    set_up()
