"""The settings of the page, each with its one default: the host reads them from here too."""

from typing import Literal, NamedTuple


class Settings(NamedTuple):
    """The table ``[directus]`` of pyscript.toml, which says what each is for."""

    url: str = ""
    token: str = "your_access_token"
    auth_mode: Literal["handshake", "strict", "public"] = "handshake"
    history: int = 50
    recover: str = "id"
    log: bool = True
