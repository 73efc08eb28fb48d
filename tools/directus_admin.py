"""A client of a Directus' HTTP API, whose errors are one sentence with the cause and the cure."""

from collections.abc import Mapping
from typing import Any

import httpx

from tools.steps import SetupError

_TIMEOUT = 10.0  # seconds, for each request


class Refused(SetupError):
    """Directus refused a request; the text says which one and why."""

    def __init__(self, sentence: str, code: str) -> None:
        """Keep Directus' own `code`, such as FORBIDDEN, beside the sentence."""
        super().__init__(sentence)
        self.code = code


class DirectusAdmin:
    """A client of the Directus at one address. As a context manager, it closes its connections."""

    def __init__(self, url: str) -> None:
        """Describe the Directus at `url`, which :func:`tools.address.read_address` has read."""
        self.url = url
        self._client = httpx.Client(timeout=_TIMEOUT)

    def __enter__(self) -> "DirectusAdmin":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its connections."""
        self._client.close()

    def ping(self) -> None:
        """Return if a Directus answers there; raises SetupError if not."""
        response = self._send("GET", "/server/ping")
        if response.text != "pong":
            raise SetupError(
                f"{self.url} is not the address of a Directus: /server/ping there gives status "
                f"{response.status_code} and no pong; give the address of the Data Studio without "
                "its /admin"
            )

    def identify(self, token: str) -> None:
        """Use the static or access `token` from here on; an empty one for public rights."""
        self._client.headers.pop("Authorization", None)
        if token:
            self._client.headers["Authorization"] = f"Bearer {token}"

    def log_in(self, email: str, password: str) -> None:
        """Use the rights of a user from here on. Raises SetupError."""
        try:
            answer = self.post("/auth/login", {"email": email, "password": password})
        except Refused as error:
            if error.code == "INVALID_OTP":
                cure = "has a second factor, so give a static token in DIRECTUS_ADMIN_TOKEN"
            elif error.code in ("INVALID_CREDENTIALS", "INVALID_PAYLOAD"):
                cure = "is not let in with this password: see that both are right"
            else:
                raise
            raise SetupError(f"{email} {cure}") from error
        self.identify(answer["access_token"])

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the data at `path`. Raises SetupError, which is Refused if Directus said so."""
        return self._data("GET", path, params=params)

    def post(self, path: str, body: Any) -> Any:
        """Create something and return it. Raises as get does."""
        return self._data("POST", path, json=body)

    def patch(self, path: str, body: Any) -> Any:
        """Change something and return it. Raises as get does."""
        return self._data("PATCH", path, json=body)

    def _data(self, method: str, path: str, **parts: Any) -> Any:
        response = self._send(method, path, **parts)
        try:
            answer = response.json()
            if response.is_success:
                return answer["data"]
            error = answer["errors"][0]
            code, message = error["extensions"]["code"], error["message"]
        except (ValueError, TypeError, KeyError, IndexError):
            raise SetupError(
                f"{self.url}{path} answers with status {response.status_code} and not as a "
                "Directus does: give the address of the Data Studio without its /admin"
            ) from None
        raise Refused(f"{self._why(code)} ({method} {path}: {message})", code)

    def _why(self, code: str) -> str:
        if code in ("INVALID_CREDENTIALS", "TOKEN_EXPIRED", "INVALID_TOKEN"):
            return (
                f"{self.url} does not know this token: make one in the Data Studio, on the user's "
                "page, and save the user"
            )
        if code in ("RESOURCE_RESTRICTED", "LIMIT_EXCEEDED"):
            return (
                f"the licence of {self.url} does not allow this: stay within its plan, or enter a "
                "licence key in the Data Studio's settings"
            )
        if code == "REQUESTS_EXCEEDED":
            return f"{self.url} has had too many requests: wait a moment and start again"
        return f"{self.url} refuses this with {code}"

    def _send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        try:
            return self._client.request(method, f"{self.url}{path}", **parts)
        except httpx.TimeoutException as error:
            why = f"no answer within {_TIMEOUT:.0f} s"
            raise SetupError(self._unreachable(why)) from error
        except (httpx.RequestError, httpx.InvalidURL) as error:
            raise SetupError(self._unreachable(str(error))) from error

    def _unreachable(self, why: str) -> str:
        if "CERTIFICATE_VERIFY_FAILED" in why:
            return (
                f"the certificate of {self.url} is not trusted here: name the file of the one who "
                "signed it in SSL_CERT_FILE"
            )
        return (
            f"{self.url} does not answer ({why}): see that the address is right and that "
            "Directus runs there"
        )
