"""The types that users annotate with."""

from typing import Any

Key = int | str
Keys = list[int] | list[str] | list[Key]
Query = dict[str, Any]
Row = dict[str, Any]
