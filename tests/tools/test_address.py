"""Addresses of a Directus."""

import pytest

from tools.address import read_address
from tools.steps import SetupError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("http://localhost:8055/prefix/", "http://localhost:8055/prefix"),
        ("http://[::1]:8055", "http://[::1]:8055"),
    ],
)
def test_what_is_an_address(given: str, read: str) -> None:
    assert read_address(given) == read


@pytest.mark.parametrize(
    "given",
    [
        "example.com",
        "ftp://example.com",
        "https://",
        "https://example.com:x",
        "https://example.com:0",
        "https://example.com?a=b",
        "https://example.com/#b",
        "https://me@example.com",
        "http://[::1",
        "",
    ],
)
def test_what_is_none(given: str) -> None:
    with pytest.raises(SetupError, match=r"takes an address .* begin with https:// or http://"):
        read_address(given)
