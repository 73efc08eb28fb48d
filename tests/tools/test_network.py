"""Proxies and certificates on the way to a Directus."""

import os
from pathlib import Path

import httpx
import pytest

from server.background import Background
from tests.support.background import server_for
from tests.tools.standin import StandIn
from tools.directus_admin import DirectusAdmin
from tools.network import prepare_for
from tools.steps import SetupError

ELSEWHERE = "https://directus.example.com"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies but a test's own; what is prepared ends with the test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"):
        for word in (name, name.lower()):
            monkeypatch.setenv(word, "")  # remembered, whatever the test makes of it
            monkeypatch.delenv(word)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9", "http://127.0.0.1:9", "nonsense://x"])
def test_to_this_machine_no_proxy_is_used(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with Background(server_for(StandIn().app())) as server:
        prepare_for(server.url)
        with DirectusAdmin(server.url) as admin:
            admin.ping()


def test_nor_to_what_the_environment_excepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", ".example.com")
    prepare_for(ELSEWHERE)
    httpx.Client().close()


@pytest.mark.parametrize("port", ["", ":3128"])
def test_a_proxy_to_elsewhere_stays(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://proxy.example.com{port}")
    prepare_for(ELSEWHERE)
    assert "NO_PROXY" not in os.environ


@pytest.mark.parametrize(
    ("proxy", "sentence"),
    [
        ("socks5h://proxy.example.com", "a SOCKS proxy, which takes two more packages: install"),
        ("nonsense://proxy.example.com", "cannot be used .* such as http://proxy.example.com:3128"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    proxy: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SetupError, match=sentence):
        prepare_for(ELSEWHERE)


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read(
    tmp_path: Path, content: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "certificates.pem"
    if content:
        named.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    with pytest.raises(SetupError, match=r"SSL_CERT_FILE names .*: name a file of certificates"):
        prepare_for("http://127.0.0.1")
