"""What of pyscript the app uses."""

from collections.abc import Callable
from typing import Any, TypeVar

Handler = TypeVar("Handler", bound=Callable[[Any], object])

config: dict[str, Any]

def when(event: str, target: Any) -> Callable[[Handler], Handler]: ...
