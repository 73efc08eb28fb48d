"""Addresses, with real sockets."""

import socket

import pytest

from tools.listening import is_loopback, listen, url_of
from tools.steps import SetupError


def test_a_free_port_is_listened_on() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
        assert url_of(listener) == f"http://127.0.0.1:{port}/"


def test_a_port_in_use_names_another() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} of 127.0.0.1 is in use.*--port"):
            listen("127.0.0.1", port)


def test_a_port_is_free_again_at_once() -> None:
    with listen("127.0.0.1", 0) as listener:
        address = listener.getsockname()
        client = socket.create_connection(address)
        listener.accept()[0].close()
        client.close()
    listen(*address).close()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        pytest.param("no host", "no address that is known here", id="nonsense"),
        pytest.param("a" * 64 + ".example", "no address that is known here", id="no name"),
        pytest.param("192.0.2.1", "choose an address of this machine", id="another machine"),
    ],
)
def test_an_address_that_is_not_ours(host: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence):
        listen(host, 0)


def test_all_addresses_are_opened_by_one_that_leads_here_alone() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_a_port_that_no_browser_opens_is_not_listened_on() -> None:
    with pytest.raises(SetupError, match=r"no browser opens port 6000.*: choose another with"):
        listen("127.0.0.1", 6000)


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False)],
)
def test_loopback_is_told_apart(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
