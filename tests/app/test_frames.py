"""Every frame beside the one that the JS SDK sends for the same call, letter for letter.

`tests/directus/test_frames.py` sees that the recording is still what the JS SDK does. Two things
that it does are not copied: its second subscribe after a reconnect, and uids that are used again.
"""

from typing import Any

import pytest
from directus_realtime import AuthMode

from tests.support import frames
from tests.support.calls import SCENARIOS
from tests.support.client import run


@pytest.mark.parametrize(
    ("name", "mode", "token", "calls"), SCENARIOS, ids=[scenario[0] for scenario in SCENARIOS]
)
def test_the_frames_are_the_js_sdks(
    name: str, mode: AuthMode, token: str | None, calls: Any
) -> None:
    async def scene() -> None:
        assert await frames.ours(mode, token, calls) == frames.recorded()[name]

    run(scene)
