"""Gets credentials, opens one socket at a time, and finds out why a connection fails."""

import asyncio
import logging
import traceback
from collections.abc import Sequence
from typing import Any, Protocol

from .client import DirectusClient
from .core.auth import Credentials
from .core.codec import Masked, quoted
from .diagnosis import diagnose
from .errors import AuthenticationFailed, ConnectionFailed, DirectusError
from .transports.base import Transport
from .transports.platform import transports

log = logging.getLogger("directus")


class Reports(Protocol):
    """What a connector reports to the core."""

    def prepared(self, number: int, credentials: Credentials) -> None:
        """Report what the attempt of this number authenticates with."""

    def socket_opened(self, number: int, credentials: dict[str, str] | None) -> None:
        """Report that a socket is open, and what to authenticate with on it."""

    def socket_received(self, number: int, texts: Sequence[str]) -> None:
        """Report text frames, the oldest first."""

    def socket_errored(self, number: int, detail: Any) -> None:
        """Report an error of a socket."""

    def socket_closed(self, number: int, code: int, reason: str, unsent: int) -> None:
        """Report that a socket is closed, and how many of the last frames were not sent."""

    def refreshed(self, number: int, credentials: Credentials) -> None:
        """Report the new credentials that were asked for."""

    def refresh_failed(self, number: int) -> None:
        """Report that new credentials could not be requested."""

    def refused(self, error: DirectusError) -> None:
        """Report an error that a retry does not cure."""


class Connector:
    """Opens sockets and gets credentials, as the core says.

    Args:
        reports: receives the reports.
        client: the client whose address and tokens are used.
        url: the socket's address.
        auth_mode: ``handshake``, ``strict`` or ``public``.
    """

    def __init__(
        self, reports: Reports, client: DirectusClient, *, url: str, auth_mode: str
    ) -> None:
        self._reports = reports
        self._client = client
        self._url = url
        self._auth_mode = auth_mode
        self._transport: Transport | None = None
        self._opening: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._no_credentials: ConnectionFailed | None = None  # why, in the last attempt

    def open(self, number: int, refused: dict[str, str] | None) -> None:
        """Open socket ``number``, with other credentials than ``refused``."""
        self._opening = asyncio.ensure_future(self._open(number, refused))

    def refresh(self, number: int, used: dict[str, str]) -> None:
        """Get other credentials than ``used`` for the open socket ``number``."""
        self._refreshing = asyncio.ensure_future(self._refresh(number, used))

    def send(self, text: str) -> None:
        """Write one text frame to the open socket."""
        if self._transport is not None:
            self._transport.send(text)

    def close(self) -> None:
        """Close the socket without waiting for it; cancel what is under way."""
        for task in (self._opening, self._refreshing):
            if task is not None:
                task.cancel()
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()
        if self._client.tokens is not None:
            self._client.tokens.attempt_ended()

    def forget(self) -> None:
        """Forget what has ended with its event loop, where nothing can be closed any more."""
        self._opening = self._refreshing = self._transport = None

    async def diagnose(self) -> ConnectionFailed:
        """Return the error that says why the connection could not be made."""
        if self._no_credentials is not None:
            return self._no_credentials
        try:
            token = await self._client.get_token()
        except Exception:
            token = None  # this error is reported where the connection is opened
        return await diagnose(
            self._client.url, auth_mode=self._auth_mode, token=token, fetch=transports().fetch
        )

    async def _open(self, number: int, refused: dict[str, str] | None) -> None:
        self._no_credentials = ConnectionFailed(
            "The credentials to connect with did not come in time: see that Directus answers at "
            f"{self._client.url}, and that no other program or tab holds the lock of their storage."
        )
        try:
            credentials = await self._credentials(refused)
            self._no_credentials = None
            self._connect(number, credentials)
        except _NoAnswer as error:
            self._no_credentials = error.reason
            self._reports.socket_errored(number, error.reason)
            self._reports.socket_closed(number, 1006, "", 0)
        except DirectusError as error:
            self._reports.refused(error)

    def _connect(self, number: int, credentials: Credentials | None) -> None:
        url, fields = self._url, None
        if credentials is not None:
            self._reports.prepared(number, credentials)
            if self._auth_mode == "strict":
                url += f"?access_token={quoted(_access_token(credentials))}"
            else:
                fields = credentials.fields
        log.debug("= opening %s", Masked(url))
        listener = _SocketListener(self._reports, number, fields)
        self._transport = transports().open_socket(url, listener)

    async def _refresh(self, number: int, used: dict[str, str]) -> None:
        try:
            credentials = await self._credentials(used)
        except _NoAnswer:
            self._reports.refresh_failed(number)
        except DirectusError as error:
            self._reports.refused(error)
        else:
            if credentials is not None:
                self._reports.refreshed(number, credentials)

    async def _credentials(self, refused: dict[str, str] | None) -> Credentials | None:
        """Return the credentials to authenticate with; None where none are to be sent."""
        tokens = self._client.tokens
        if tokens is None or self._auth_mode == "public":
            return None
        sign_ins = tokens.sign_ins
        try:
            return await tokens.credentials(refused)
        except AuthenticationFailed:
            if tokens.sign_ins != sign_ins:  # there are others by now
                return await self._credentials(refused)
            raise
        except ConnectionFailed as error:
            raise _NoAnswer(error) from error
        except DirectusError:
            raise
        except Exception as error:
            raise _fault_error(error) from None


class _NoAnswer(Exception):
    """Credentials could not be obtained now, for a reason that may pass: try again later."""

    def __init__(self, reason: ConnectionFailed) -> None:
        super().__init__(reason)
        self.reason = reason


def _fault_error(error: Exception) -> ConnectionFailed:
    """Return the error for a fault in what a program passed; its words may hold a secret."""
    kind = type(error).__name__
    lines = "".join(traceback.format_tb(error.__traceback__))
    log.error("The credentials could not be obtained: %s was raised here:\n%s", kind, lines)
    return ConnectionFailed(
        "The credentials could not be obtained: the program's source of tokens, or its storage, "
        f"raised a {kind}. The log says where."
    )


class _SocketListener:
    """Reports what one socket does, under its number."""

    def __init__(self, reports: Reports, number: int, credentials: dict[str, str] | None) -> None:
        self._reports = reports
        self._number = number
        self._credentials = credentials

    def opened(self) -> None:
        self._reports.socket_opened(self._number, self._credentials)

    def received(self, texts: Sequence[str]) -> None:
        self._reports.socket_received(self._number, texts)

    def errored(self, detail: Any) -> None:
        self._reports.socket_errored(self._number, detail)

    def closed(self, code: int, reason: str, unsent: int) -> None:
        self._reports.socket_closed(self._number, code, reason, unsent)


def _access_token(credentials: Credentials) -> str:
    token = credentials.fields.get("access_token")
    if token is None:
        raise AuthenticationFailed(
            "In the strict mode the token is part of the socket's address, and these credentials "
            "have none: use static_token or authentication, or the auth mode handshake."
        )
    return token
