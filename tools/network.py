"""The way to a Directus: the proxies and certificates that the environment names."""

import importlib.util
import ipaddress
import os
import ssl
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from tools.steps import SetupError


def prepare_for(url: str) -> None:
    """Check that this process can make connections to `url`; to this machine it uses no proxy.

    Raises SetupError.
    """
    host = urlsplit(url).hostname or ""
    if _is_this_machine(host) or proxy_bypass(host):
        # All: httpx refuses a proxy that it cannot use even where it would not use it.
        os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    _check_certificates()
    _check_proxies(url)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _check_certificates() -> None:
    try:
        httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        named = os.environ.get("SSL_CERT_FILE")
        raise SetupError(
            f"SSL_CERT_FILE names {named!r}, which cannot be read as certificates ({error}): name "
            "a file of certificates in PEM, or unset it"
        ) from error


def _check_proxies(url: str) -> None:
    found = getproxies()
    if found.get("no") == "*":
        return
    socks = next((each for each in found.values() if each.startswith("socks")), None)
    if socks and not all(map(importlib.util.find_spec, ("socksio", "python_socks"))):
        raise SetupError(
            f"the way to {url} is by a SOCKS proxy, which takes two more packages: install them "
            "with `.venv/bin/python -m pip install socksio 'python-socks[asyncio]'`, or name an "
            "HTTP proxy in HTTPS_PROXY and unset ALL_PROXY"
        )
    try:
        httpx.Client().close()
    except (ValueError, httpx.InvalidURL) as error:
        raise SetupError(
            f"a proxy that the environment names cannot be used ({error}): see that HTTPS_PROXY, "
            "HTTP_PROXY and ALL_PROXY are addresses such as http://proxy.example.com:3128"
        ) from error
