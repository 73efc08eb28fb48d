"""What a caller passes, looked at before it is sent: every error names the place and the cure.

A value is never shown, only its type: it may be a secret. Of an address, what may be one is left
out.
"""

from typing import Any

from .core import codec
from .errors import UsageError
from .types import Key

_JSON = (str, int, float, type(None))  # a bool is an int
_NAMES = (str, int, float, bool, type(None))  # what a JSON object's name may be made of

_SCHEMES = ("http", "https", "ws", "wss")
_MAX_PORT = 65_535
_MAX_LABEL = 63  # characters between the dots of a host's name

_CURES = {
    "Decimal": "pass a text or a number, as in `str(value)` or `float(value)`",
    "UUID": "pass its text, as in `str(value)`",
    "datetime": "pass its text, as in `value.isoformat()`",
    "date": "pass its text, as in `value.isoformat()`",
    "time": "pass its text, as in `value.isoformat()`",
    "timedelta": "pass a number, as in `value.total_seconds()`",
    "bytes": "pass a text, as in `value.decode()`",
    "set": "pass a list, as in `list(value)`",
    "frozenset": "pass a list, as in `list(value)`",
    "tuple": "pass a list, as in `list(value)`",
    "generator": "pass a list, as in `list(value)`",
    "JsProxy": "pass a Python value, as in `value.to_py()`",
}
"""How values of common types become JSON, by the type's name: an import would cost a page time."""


def check_item(item: Any, place: str) -> None:
    """Refuse what is no item.

    Raises:
        UsageError: ``item`` is not a dict.
    """
    if not isinstance(item, dict):
        cure = _cure(item) or 'pass one as in `{"text": "Hello"}`'
        raise UsageError(
            f"Expected an item at `{place}`, a dict of its fields, and got {_type_of(item)}: "
            f"{cure}."
        )


def check_items(data: Any, place: str) -> None:
    """Refuse what is neither an item nor a list of items.

    Raises:
        UsageError: something in ``data`` is not a dict.
    """
    if not isinstance(data, list):
        check_item(data, place)
        return
    for number, item in enumerate(data):
        check_item(item, f"{place}[{number}]")


def check_message(message: Any) -> None:
    """Refuse what is no message: Directus reads an object, and a text is sent as it is.

    Raises:
        UsageError: ``message`` is neither a dict nor a str, or holds what JSON has no form for.
    """
    if isinstance(message, str):
        check_text(message, "message")
    elif isinstance(message, dict):
        check_json(message, "message")
    else:
        raise UsageError(
            f"Expected `message` to be a dict, or a str that is sent as it is, and got "
            f'{_type_of(message)}: pass one as in `{{"type": "ping"}}`.'
        )


def check_query(query: Any) -> None:
    """Refuse what is no query.

    Raises:
        UsageError: ``query`` is not a dict, or holds what JSON has no form for.
    """
    if query is None:
        return
    if not isinstance(query, dict):
        raise UsageError(
            f"Expected `query` to be a dict in Directus' words, and got {_type_of(query)}: pass "
            'one as in `{"filter": {"user": {"_eq": "Ben"}}}`.'
        )
    check_json(query, "query")


def check_key(key: Any, place: str = "id") -> None:
    """Refuse what is no primary key.

    Raises:
        UsageError: ``key`` is neither an int nor a str, or is a text that no database stores.
    """
    if not isinstance(key, Key) or isinstance(key, bool):
        cure = _cure(key) or "pass the value of an item's key field"
        raise UsageError(
            f"Expected a primary key at `{place}`, an int or a str, and got {_type_of(key)}: "
            f"{cure}."
        )
    if isinstance(key, str):
        check_text(key, place)


def check_single_key(key: Any) -> None:
    """Refuse what cannot name one item in an items message.

    Raises:
        UsageError: ``key`` is no primary key, or one that Directus takes for none.
    """
    check_key(key)
    if key in (0, ""):
        raise UsageError(f"Directus takes the key {key!r} for none: no item has it.")


def can_be_read_by(key: Any) -> bool:
    """Return whether an item with this value in its key field can be read by its key."""
    try:
        check_single_key(key)
    except UsageError:
        return False
    return True


def check_text(text: str, place: str) -> None:
    """Refuse a text that is no Unicode, as of a file's name or of bytes that were cut.

    Raises:
        UsageError: it holds half of a surrogate pair.
    """
    found = codec.LONE_SURROGATE.search(text)
    if found is not None:
        raise UsageError(
            f"The text at `{place}` has half of a character (a lone surrogate) at position "
            f"{found.start() + 1} of {len(text)}, which no UTF-8 holds: see how it was decoded, "
            'or replace it, as in `text.encode("utf-8", "replace").decode()`.'
        )


def check_collection(name: Any) -> None:
    """Refuse what is no collection's name.

    Raises:
        UsageError: ``name`` is not a str, is empty, or is no Unicode.
    """
    if not isinstance(name, str):
        raise UsageError(
            f"Expected the name of a collection, a str, and got {_type_of(name)}: pass it as in "
            '`items("messages")`.'
        )
    if not name:
        raise UsageError('The name of the collection is empty: pass it as in `items("messages")`.')
    check_text(name, "collection")


def check_uid(uid: Any) -> None:
    """Refuse what is no uid: Directus gives a number back as one, and frames are found by texts.

    Raises:
        UsageError: ``uid`` is neither None nor a str with something in it.
    """
    if uid is not None and not isinstance(uid, str):
        raise UsageError(
            f"Expected `uid` to be a str, and got {_type_of(uid)}: pass a text, or leave it out."
        )
    if uid == "":
        raise UsageError("The `uid` is empty, which Directus takes for none: leave it out.")


def check_keys(keys: Any) -> None:
    """Refuse what is no list of primary keys.

    Raises:
        UsageError: ``keys`` is not a list, or something in it is no key.
    """
    if not isinstance(keys, list | tuple):
        raise UsageError(
            f"Expected `ids` to be a list of primary keys, and got {_type_of(keys)}: pass one as "
            "in `[1, 2]`, or a single key as `id`."
        )
    for number, key in enumerate(keys):
        check_key(key, f"ids[{number}]")


def check_token(token: str | None) -> None:
    """Refuse a token that an HTTP header cannot hold.

    Raises:
        UsageError: it has such a character.
    """
    if token is None:
        return
    for position, character in enumerate(token):
        if character in "\r\n":
            what = "a line end"
        elif not " " <= character <= "\xff" or character == "\x7f":
            what = "a character that no HTTP header takes"
        elif character == " " and position in (0, len(token) - 1):
            what = "a space"
        else:
            continue
        raise UsageError(
            f"The token has {what} at position {position + 1} of {len(token)}: pass it as Directus "
            "shows it, as in `token.strip()` where it was read from a file."
        )


def check_address(url: str) -> None:
    """Refuse what is no project's or socket's address.

    Raises:
        UsageError: the sentence says what is wrong with it.
    """
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0]
    shown = "..." if any(mark in url for mark in "@?#") else url  # they come with secrets
    if scheme not in _SCHEMES or not authority:
        raise UsageError(
            f"The address of a Directus project begins with http:// or https://, and {shown!r} "
            'does not: write it as in "https://example.directus.app".'
        )
    if "?" in url or "#" in url:
        raise UsageError(f"The address of a Directus project has no ? and no #: {shown!r}.")
    if "@" in authority:
        raise UsageError(
            f"The address {shown!r} has a user or a password before an @, which a browser does not "
            "send: leave them out, and sign in with static_token() or authentication()."
        )
    if any(character <= " " or character == "\x7f" for character in url):
        raise UsageError(f"The address {shown!r} has a space or a line end in it: leave it out.")
    if not _is_authority(authority):
        raise UsageError(
            f"Expected a host and perhaps a port in the address {shown!r}, as in "
            '"http://localhost:8055" or "http://[::1]:8055": correct it.'
        )


def _is_authority(authority: str) -> bool:
    host, separator, port = authority.rpartition(":")
    if not separator or authority.endswith("]"):
        host, separator, port = authority, "", ""
    if separator and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _MAX_PORT):
        return False
    if host.startswith("["):
        return host.endswith("]") and ":" in host
    return all(0 < len(label) <= _MAX_LABEL for label in host.removesuffix(".").split("."))


def check_json(value: Any, place: str) -> None:
    """Refuse what JSON has no form for.

    Args:
        value: the value.
        place: what it is called in the error.

    Raises:
        UsageError: something in ``value`` is no JSON value; the sentence says where.
    """
    try:
        _check_json(value, place, ())
    except RecursionError:
        raise UsageError(f"`{place}` is nested too deep for JSON: pass a flatter value.") from None


def _check_json(value: Any, place: str, around: tuple[int, ...]) -> None:
    if id(value) in around:
        raise UsageError(f"`{place}` holds itself, which JSON cannot: pass a value without that.")
    if isinstance(value, dict):
        for name, inner in value.items():
            if not isinstance(name, _NAMES):
                cure = _cure(name) or "pass a text"
                raise UsageError(
                    f"Expected the names in `{place}` to be texts, and one is {_type_of(name)}: "
                    f"{cure}."
                )
            _check_json(inner, f"{place}.{name}", (*around, id(value)))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            _check_json(inner, f"{place}[{number}]", (*around, id(value)))
    elif not isinstance(value, _JSON):
        cure = _cure(value) or "pass a dict, a list, a text, a number, a bool or None"
        raise UsageError(f"Expected a JSON value at `{place}`, and got {_type_of(value)}: {cure}.")
    elif isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        raise UsageError(f"Expected a number at `{place}`, and got {value}: pass one, or None.")


def _type_of(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def _cure(value: Any) -> str | None:
    """Return how a value of this type becomes JSON, where that is known."""
    names = (kind.__name__ for kind in type(value).__mro__)
    return next((_CURES[name] for name in names if name in _CURES), None)
