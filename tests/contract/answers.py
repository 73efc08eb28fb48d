"""HTTP as it was recorded: a REST call with its answer, and the answer to an upgrade."""

import json
import re
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.contract.recording import Step

_RECORDED_AT = "127.0.0.1:8065"
_REPEATED = re.compile(r'<(\d+) times \\?"(.)\\?">')
_USUAL = frozenset({"Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key"})
_LEFT_OUT = re.compile(r"no (Sec-WebSocket-\w+)")


def at_home(frame: Any, url: str) -> Any:
    """Return a frame with the address of this server in the place of the recorded one."""
    return frame.replace(_RECORDED_AT, urlsplit(url).netloc) if isinstance(frame, str) else frame


def text_of(frame: Any) -> str:
    """Return the text to send for a frame: a string as it is, with what is repeated written out."""
    text = frame if isinstance(frame, str) else _compact(frame)
    return _REPEATED.sub(lambda found: found[2] * int(found[1]), text)


async def call(http: httpx.AsyncClient, request: dict[str, Any]) -> httpx.Response:
    """Make a recorded REST call."""
    headers = {}
    if "authorization" in request:
        headers["Authorization"] = request["authorization"]
    content = None
    if "body" in request:
        headers["Content-Type"] = "application/json"
        content = text_of(request["body"])
    return await http.request(request["http"], request["path"], headers=headers, content=content)


def answer_of(response: httpx.Response, recorded: dict[str, Any]) -> dict[str, Any]:
    """Return what came, with the keys of what was recorded."""
    content_type = response.headers.get("content-type")
    retry = {"Retry-After"} & {name.title() for name in response.headers}
    names = sorted(retry | set(recorded.get("headers", ())))
    found = {
        "status": response.status_code,
        "body": _body(response),
        "content_type": content_type,
        "set_cookie": response.headers.get("set-cookie"),
        "headers": {name: response.headers.get(name) for name in names},
    }
    answer = {name: found.get(name) for name in recorded}
    if found["set_cookie"] is not None:
        answer.setdefault("set_cookie", found["set_cookie"])
    return answer


def left_out(step: Step) -> frozenset[str]:
    """Return the usual headers of an upgrade that a recorded one was made without."""
    if "no Upgrade headers" in step.note:
        return _USUAL
    return frozenset(_LEFT_OUT.findall(step.note))


def upgraded(recorded: str, got: str) -> dict[str, Any]:
    """Return the answer to an upgrade for comparison with that of ``recorded``.

    The names of headers have no case, and their order says nothing. Of an answer with a JSON body,
    which comes from Directus' web framework, only the type was recorded of its headers; of some
    answers only the status.
    """
    line, headers, body = _parted(got)
    if "\r\n" not in recorded:
        return {"line": line}
    told = _parted(recorded)[1]
    if "application/json" in told.get("content-type", ""):
        headers = {name: headers.get(name) for name in told}
    return {"line": line, "headers": dict(sorted(headers.items())), "body": body}


def _parted(text: str) -> tuple[str, dict[str, Any], str]:
    head, _, body = text.partition("\r\n\r\n")
    line, *lines = head.split("\r\n")
    parted = (header.partition(":") for header in lines)
    return line, {name.strip().lower(): value.strip() for name, _, value in parted}, body


def _body(response: httpx.Response) -> Any:
    if not response.content:
        return None
    is_json = "json" in response.headers.get("content-type", "")
    return response.json() if is_json else response.text


def _compact(frame: Any) -> str:
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"))
