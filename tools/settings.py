"""The user's settings: the [directus] table of pyscript.toml, read and checked."""

import re
import tomllib
from pathlib import Path

from app.settings import Settings
from server.config import AuthMode
from tools.steps import SetupError

_KINDS = {
    "url": str,
    "token": str,
    "auth_mode": str,
    "history": int,
    "recover": str,
    "log": bool,
}
_WORDS = {str: "a text in quotes", int: "a whole number", bool: "true or false"}
_MODES: tuple[AuthMode, ...] = ("handshake", "strict", "public")


def read_settings(path: Path) -> Settings:
    """Read the settings in the pyscript.toml at `path`.

    Raises SetupError, naming the line, when the file is missing or broken, or when the table has
    an unknown key or a value of the wrong kind.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text).get("directus", {})
    except (OSError, ValueError) as error:
        why = why_unreadable(error)
        raise SetupError(f"{path} cannot be read: {why}; mend it and start again") from error
    if not isinstance(table, dict):
        raise SetupError(f"{path}: expected a table [directus], and directus is {table!r}")
    for key, value in table.items():
        fault = _fault_of(key, value)
        if fault:
            raise SetupError(f"{path}{_line_of(key, text)}: {fault}")
    return Settings(**table)


def why_unreadable(error: Exception) -> str:
    """Return why a file cannot be read or written, without its name."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8, as TOML is; save it in that encoding"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _fault_of(key: str, value: object) -> str | None:
    if key not in _KINDS:
        return f"[directus] has no setting {key!r}; it has {', '.join(_KINDS)}"
    # bool is a kind of int, and `history = true` is a mistake all the same.
    if type(value) is not _KINDS[key]:
        return f"{key} must be {_WORDS[_KINDS[key]]}, and is {value!r}"
    if key == "auth_mode" and value not in _MODES:
        return f"auth_mode must be one of {', '.join(_MODES)}, and is {value!r}"
    if isinstance(value, int) and value < 0:
        return f"{key} must be 0 or more, and is {value!r}"
    return None


def _line_of(key: str, text: str) -> str:
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return f", line {number}"
    return ""
