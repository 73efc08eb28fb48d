"""How much the log tells of what clients do: each mistake has its line, but not without end."""

import logging
import time

LOGGERS = ("server", "uvicorn.error")
_MOST = 100  # lines
_PERIOD = 10.0  # seconds


class LogLimit(logging.Filter):
    """Lets some records pass in each period. Errors, which are the server's own, always pass."""

    def __init__(self) -> None:
        super().__init__()
        self._until = 0.0
        self._passed = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether ``record`` is logged; the last one of a period says so."""
        if record.levelno >= logging.ERROR:
            return True
        now = time.monotonic()
        if now >= self._until:
            self._until, self._passed = now + _PERIOD, 0
        self._passed += 1
        if self._passed == _MOST:
            record.msg = f"{record.getMessage()} (further lines are left out for {_PERIOD:.0f} s)"
            record.args = ()
        return self._passed <= _MOST


def limit_log() -> None:
    """Limit what the server's loggers write, from now on."""
    limit = LogLimit()
    for name in LOGGERS:
        logger = logging.getLogger(name)
        for earlier in [each for each in logger.filters if isinstance(each, LogLimit)]:
            logger.removeFilter(earlier)
        logger.addFilter(limit)
