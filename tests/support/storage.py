"""A storage in memory, which a test can look into."""

from typing import Any


class Memory:
    """Keeps in ``data`` what it is given."""

    def __init__(self, data: dict[str, Any] | None = None) -> None:
        self.data = data

    def get(self) -> dict[str, Any] | None:
        return self.data

    def set(self, data: dict[str, Any] | None) -> None:
        self.data = data
