"""Describing malformed JSON in the words of JavaScript's parser. No I/O."""

import json
import re

_WORDS = {
    "Expecting ':' delimiter": "Expected ':' after property name in",
    "Extra data": "Unexpected non-whitespace character after",
    "Invalid control character at": "Bad control character in string literal in",
    "Invalid \\escape": "Bad escaped character in",
    "Invalid \\uXXXX escape": "Bad Unicode escape in",
}
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKET = re.compile(r"[][{}]")
_AROUND = 10  # characters of a long text to show on each side of the unexpected one


def explain(text: str, error: ValueError) -> str:
    """Return JavaScript's message for the text at which Python raised ``error``; no full stop."""
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    at, said = error.pos, error.msg
    if said.startswith("Unterminated string"):
        return _at("Unterminated string in", text, len(text))
    if said.startswith("Illegal trailing comma"):
        # Python 3.13 and later report the comma; JavaScript reports what follows it.
        at += len(text[at:]) - len(text[at:].lstrip(", \t\r\n"))
    if said.startswith("Expecting property name") or said.endswith("end of object"):
        first = text[:at].rstrip().endswith("{")
        words = (
            "Expected property name or '}' in"
            if first
            else "Expected double-quoted property name in"
        )
        return _at(words, text, at)
    if said == "Expecting ',' delimiter":
        inside = _innermost(text[:at])
        words = {"{": "'}' after property value in", "[": "']' after array element in"}[inside]
        return _at(f"Expected ',' or {words}", text, at)
    for start, words in _WORDS.items():
        if said.startswith(start):
            return _at(words, text, at + ("escape" in start))
    return unexpected(text, at)


def unexpected(text: str, at: int) -> str:
    """Return JavaScript's message for an unexpected character at the offset ``at``."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if at >= len(text):
        return "Unexpected end of JSON input"
    start = max(0, at - _AROUND)
    shown = text if len(text) <= 2 * _AROUND else text[start : at + _AROUND]
    before = "..." if start and shown != text else ""
    after = "..." if at + _AROUND < len(text) and shown != text else ""
    return f"Unexpected token '{text[at]}', {before}\"{shown}\"{after} is not valid JSON"


def _at(words: str, text: str, at: int) -> str:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    return f"{words} JSON at position {at} (line {line} column {column})"


def _innermost(text: str) -> str:
    """Return the innermost bracket that is open at the end of ``text``, a prefix of valid JSON."""
    depth = 0
    for bracket in reversed(_BRACKET.findall(_STRING.sub("", text))):
        if bracket in "}]":
            depth += 1
        elif depth == 0:
            return str(bracket)
        else:
            depth -= 1
    raise AssertionError("a comma is only expected between brackets")
