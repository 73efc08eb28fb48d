"""Settings filled into a pyscript.toml."""

import tomllib

import pytest

from web.settings import fill_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'token = "out"\n[directus]\ntoken = "a#b"   # c\nlog = true # d\n[x]\ntoken = "x"',
            'token = "out"\n[directus]\ntoken = "n\\"#"   # c\nlog = false # d\n[x]\ntoken = "x"',
            id="only that table's values",
        ),
        pytest.param(
            "[directus] # yours\ntoken = ''\n\n[x]\n",
            '[directus] # yours\ntoken = "n\\"#"\nlog = false\n\n[x]\n',
            id="what is missing comes after the rest",
        ),
        pytest.param(
            "[x]\n",
            '[x]\n\n[directus]\ntoken = "n\\"#"\nlog = false\n',
            id="so does the table",
        ),
    ],
)
def test_settings_change_values_and_nothing_else(text: str, expected: str) -> None:
    changed = fill_in(text, {"token": 'n"#', "log": False})
    assert changed.rstrip("\n") == expected.rstrip("\n")
    assert tomllib.loads(changed)["directus"] == {"token": 'n"#', "log": False}


def test_no_settings_change_nothing() -> None:
    assert fill_in("[x]\n", {}) == "[x]\n"
