"""What of pyscript the app uses."""

from typing import Any

config: dict[str, Any]
