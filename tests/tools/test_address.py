"""Addresses of a Directus."""

import pytest

from tools.address import read_address, read_host, read_origin
from tools.steps import SetupError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("https://example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("http://localhost:8055/prefix/", "http://localhost:8055/prefix"),
        ("http://[::1]:8055", "http://[::1]:8055"),
        ("https://bücher.example/ü", "https://bücher.example/ü"),
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
        "http://..",
        f"http://{'a' * 64}.example",
        "http://a b",
        "http://a%zz",
        "http://a\\b",
        "http://a/b c",
        "http://a\n",
        "http://a#",
        "http://a?",
        "http://a/\udcff",
        "http://\udcff",
        "",
    ],
)
def test_what_is_none(given: str) -> None:
    with pytest.raises(SetupError, match=r"takes an address .* begin with https:// or http://"):
        read_address(given)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Chat.Example.COM", "chat.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("my_host", "my_host"),
        ("[0::1]", "::1"),
    ],
)
def test_a_name_is_read_as_browsers_send_it(given: str, read: str) -> None:
    assert read_host(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("HTTP://Localhost:5173", "http://localhost:5173"),
        ("http://localhost:80", "http://localhost"),
        ("https://bücher.example:443", "https://xn--bcher-kva.example"),
        ("https://a.example:80", "https://a.example:80"),
        ("http://[0::1]:5173", "http://[::1]:5173"),
    ],
)
def test_an_origin_is_read_as_browsers_send_it(given: str, read: str) -> None:
    assert read_origin(given) == read
