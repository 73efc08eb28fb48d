"""The address that is served: checked and bound before anything else starts."""

import errno
import ipaddress
import os
import socket

from tools.steps import SetupError

# Browsers open no page on these: they are of other protocols, such as 6000 of X11. The list is
# "port blocking" in the standard Fetch (fetch.spec.whatwg.org).
_REFUSED_BY_BROWSERS = {
    *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101),
    *(102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389),
    *(427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636),
    *(989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061),
    *(6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
}


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 takes any free one.

    Raises SetupError when the address is in use, not allowed or not this machine's, or when no
    browser opens the port.
    """
    if port in _REFUSED_BY_BROWSERS:
        raise SetupError(
            f"no browser opens port {port}, which is another protocol's: choose another with "
            "--port, such as --port 8000"
        )
    family, address = _addresses_of(host, port)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # A server that has just ended leaves its port waiting; on Windows this means sharing.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # Only a port that is listened on is refused to others for certain.
        listener.listen(socket.SOMAXCONN)
    except OSError as error:
        listener.close()
        raise _listen_error(error, host, port) from error
    return listener


def is_loopback(host: str) -> bool:
    """Tell whether `host` is reached from this machine alone. Raises SetupError."""
    addresses = [str(address[0]) for _, address in _addresses_of(host, 0)]
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)


def url_of(listener: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = listener.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        # Not localhost: by ::1 that may lead to another program.
        host = "127.0.0.1" if address.version == 4 else "[::1]"
    elif address.version == 6:
        host = f"[{host}]"
    return f"http://{host}:{port}/"


def _addresses_of(host: str, port: int) -> list[tuple[int, tuple[str | int | bytes, ...]]]:
    """Return the address families of `host` with their addresses, as sockets want them."""
    try:
        if not host:  # which stands for all addresses otherwise
            raise OSError("it is empty")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise SetupError(
            f"--host {host!r} is no address that is known here ({error}): leave it out for this "
            "machine alone, or use 0.0.0.0 for all of its addresses"
        ) from error
    return [(entry[0], entry[4]) for entry in found]


def _listen_error(error: OSError, host: str, port: int) -> SetupError:
    if error.errno == errno.EADDRINUSE:
        return SetupError(
            f"port {port} of {host} is in use: stop the program that has it, or choose another "
            f"with --port {port + 1 if port < 65535 else 8000}"
        )
    if error.errno == errno.EACCES:
        return SetupError(
            f"port {port} needs more rights than you have: choose one above 1023 with --port"
        )
    return SetupError(
        f"{host} port {port} cannot be listened on ({error.strerror}): choose an address of this "
        "machine with --host, or leave it out"
    )
