"""The wire vocabulary: JSON letter for letter. The forms of queries are in test_frames.py."""

import json
from typing import Any

import pytest
from directus_realtime.core import codec, messages
from directus_realtime.core.query import query_to_params
from hypothesis import given
from hypothesis import strategies as st


def test_a_filter_that_is_json_text_already_is_not_dropped() -> None:
    assert query_to_params({"filter": '{"a":1}'}) == {"filter": '{"a":1}'}


def test_json_is_compact_and_unescaped() -> None:
    assert codec.encode({"text": "é ☃ 😀", "n": 1}) == '{"text":"é ☃ 😀","n":1}'


def test_a_lone_surrogate_is_escaped_as_json_stringify_does() -> None:
    text = codec.encode(["a\ud83d", "😀"])
    assert text == '["a\\ud83d","😀"]'
    text.encode()


def test_what_json_cannot_say_is_an_error_and_no_wrong_text() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        codec.encode(float("nan"))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_every_json_value_survives_the_wire(value: Any) -> None:
    text = codec.encode(value)
    assert codec.decode(text) == value
    assert json.loads(text.encode()) == value


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"status": "error", "error": {"code": "X", "message": "m"}}, ("X", "m")),
        ({"status": "error"}, ("UNKNOWN", "Directus gave no reason.")),
        ({"status": "error", "error": {}}, ("UNKNOWN", "Directus gave no reason.")),
        ({"status": "ok"}, None),
        ([], None),
    ],
)
def test_an_error_message_is_told_apart(message: Any, error: tuple[str, str] | None) -> None:
    assert messages.parse(codec.encode(message)).error == error


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a":-Infinity}', "[" * 100_000, "{", ""])
def test_what_is_no_json_value_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"JSON|nested|Expecting"):
        codec.decode(text)
