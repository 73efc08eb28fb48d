"""JSON at the edge of what Python's decoder reads."""

import sys

import pytest
from directus_realtime.core import codec


@pytest.mark.parametrize("text", ["[]", " []", "[] ", "\n[]\n"])
def test_space_around_a_value_is_left_out(text: str) -> None:
    assert codec.decode(text) == []


@pytest.mark.parametrize("around", ["{}", "{}x", " {}", "x{}", "{}{}"])
def test_whatever_the_depth_and_the_fault_it_is_a_value_error(around: str) -> None:
    """One part of the decoder may reach the limit of recursion, and another not."""
    limit = sys.getrecursionlimit()
    for depth in range(limit - 120, limit + 20):
        text = around.replace("{}", "[" * depth + "]" * depth)
        try:
            value = codec.decode(text)
        except ValueError:
            continue
        assert isinstance(value, list)


def test_half_of_a_surrogate_pair_is_what_a_browser_makes_of_it_in_an_address() -> None:
    assert codec.quoted("a\udfff/ü") == "a%EF%BF%BD%2F%C3%BC"
