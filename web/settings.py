"""The settings of a page: values filled into the ``[directus]`` table of its pyscript.toml."""

import re
from collections.abc import Mapping

from directus_realtime.core.codec import encode

Settings = Mapping[str, str | bool | int | float]

_TABLE = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?")
_SETTING = re.compile(r"""(\s*([\w-]+)\s*=\s*)("(?:[^"\\]|\\.)*"|'[^']*'|[^#]*?)(\s*(?:#.*)?)""")


def fill_in(text: str, settings: Settings) -> str:
    """Return the text of a pyscript.toml with ``settings`` in its ``[directus]`` table.

    Only the values change: comments, order and everything else stay as they are.
    """
    left, table, end = dict(settings), "", None
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if found := _TABLE.fullmatch(line):
            table = found[1]
        elif table == "directus" and (setting := _SETTING.fullmatch(line)):
            before, name, _, after = setting.groups()
            if name in left:
                lines[at] = f"{before}{encode(left.pop(name))}{after}"
        if table == "directus" and line.strip():
            end = at + 1
    added = [f"{name} = {encode(value)}" for name, value in left.items()]
    if end is None:
        lines += ["", "[directus]", *added] if added else []
    else:
        lines[end:end] = added
    return "\n".join(lines) + "\n"
