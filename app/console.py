"""What the person at the browser's console reads: the guide's lines.

Values cross into JavaScript as JSON, so that the console shows plain objects, with ``null`` and
``undefined`` where the guide's page shows them.
"""

import json
from typing import Any

from js import JSON, Object, console
from pyodide.code import run_js
from pyodide.ffi import ConversionError, JsProxy, to_js

# Each call of JavaScript costs as much as the line itself, and so does each value that crosses: a
# message crosses once for all of its lines.
_lines = run_js("""
(() => {
  let last; // the message that crossed last
  return {
    message: (line, text) => {
      last = JSON.parse(text);
      console.log(line);
      console.log(last.data);
    },
    again: () => console.log(last),
    value: (text) => console.log(JSON.parse(text)),
  };
})()
""")
_log_message, _log_again, _log_value = _lines.message, _lines.again, _lines.value
_last = ""  # the JSON of the message that crossed last


def log(*values: Any) -> None:
    """Write each value to the console, on a line of its own."""
    for value in values:
        text = plain_json(value) if isinstance(value, dict) else None
        if text is None:
            console.log(to_javascript(value))
        elif text == _last:
            _log_again()
        else:
            _log_value(text)


def log_message(message: dict[str, Any]) -> None:
    """Write the guide's two lines about a message."""
    global _last
    line = f"New message of type {message.get('type', 'undefined')}"
    if "data" in message and (text := plain_json(message)) is not None:
        _log_message(line, text)
        _last = text
        return
    log(line)
    if "data" in message:
        log(message["data"])
    else:
        console.log(None)  # arrives as undefined, JavaScript's word for a missing key


def plain_json(value: Any) -> str | None:
    """Return JSON that JavaScript reads, or None where a value has none."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError):  # of a tuple as a key; of 1e999, which Python reads as infinite
        return None


def _readable(value: Any) -> str:
    """Return the text for a value that JSON does not know, such as an error."""
    return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)


_ENCODER = json.JSONEncoder(allow_nan=False, default=_readable)


def to_javascript(value: Any) -> Any:
    """Return ``value`` as the JavaScript value of the same JSON; it breaks at no value."""
    if isinstance(value, JsProxy | str):
        return value
    if (text := plain_json(value)) is not None:
        return JSON.parse(text)
    try:
        return to_js(value, dict_converter=Object.fromEntries)
    except ConversionError:  # of what JavaScript has no form for either
        return str(value)
