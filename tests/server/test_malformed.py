"""Texts that are no JSON, and what JavaScript (Node 22) says of them."""

import json

import pytest

from server.rest.malformed import explain, unexpected

LONG = "y" * 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
        (
            '{"a":1,}',
            "Expected double-quoted property name in JSON at position 7 (line 1 column 8)",
        ),
        ('{"a" 1}', "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
        (
            '{"a":[],\n"b":1 "c"}',
            "Expected ',' or '}' after property value in JSON at position 15 (line 2 column 7)",
        ),
        (
            '[{"a]":"\\"{"} 2]',
            "Expected ',' or ']' after array element in JSON at position 14 (line 1 column 15)",
        ),
        ('{"a":"x', "Unterminated string in JSON at position 7 (line 1 column 8)"),
        (
            '{"a":"\x01"}',
            "Bad control character in string literal in JSON at position 6 (line 1 column 7)",
        ),
        ('{"a":"\\q"}', "Bad escaped character in JSON at position 7 (line 1 column 8)"),
        (
            '{"a":1}x',
            "Unexpected non-whitespace character after JSON at position 7 (line 1 column 8)",
        ),
        ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
        ('{"a":', "Unexpected end of JSON input"),
        ("[}", "Unexpected token '}', \"[}\" is not valid JSON"),
        ("[1,2,,]", "Unexpected token ',', \"[1,2,,]\" is not valid JSON"),
        (
            f'{{"a":[1,,"{LONG}"]}}',
            'Unexpected token \',\', "{"a":[1,,"yyyyyyyy"... is not valid JSON',
        ),
        (f'["{LONG}",?]', 'Unexpected token \'?\', ..."yyyyyyyy",?]" is not valid JSON'),
    ],
)
def test_in_javascripts_words(text: str, said: str) -> None:
    with pytest.raises(json.JSONDecodeError) as error:
        json.loads(text)
    assert explain(text, error.value) == said


def test_other_errors_keep_their_words() -> None:
    assert explain("[1e999]", ValueError("expected a finite number")) == "expected a finite number"
    assert unexpected(" bad", 0) == "Unexpected token 'b', \" bad\" is not valid JSON"
