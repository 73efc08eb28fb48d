"""HTTP over urllib, which CPython has and pyodide-http carries in the browser.

urllib is imported when it is first used: that takes a browser 60 to 150 ms.
"""

from .base import Answer


def exchange(
    url: str, token: str | None, *, method: str, body: str | None, timeout: float
) -> Answer:
    """Send one request and return its answer, whatever its status.

    Args:
        url: the address.
        token: the access token, or None.
        method: ``GET``, ``POST``, ``PATCH`` or ``DELETE``.
        body: JSON text, or None.
        timeout: seconds; a browser's main thread knows none.

    Raises:
        OSError: nothing answers there.
    """
    import http.client
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        url,
        data=None if body is None else body.encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    if token:  # not for whoever a redirection names
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, response.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read().decode("utf-8", "replace"))
    except urllib.error.URLError as error:
        raise (error.reason if isinstance(error.reason, OSError) else error) from error
    except http.client.HTTPException as error:
        raise OSError(f"{url} does not answer as HTTP wants it: {error!r}") from error
