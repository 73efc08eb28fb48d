"""The JS SDK's frames, recorded again and compared with the recording."""

import asyncio

from tests.support import frames


def test_the_js_sdk_sends_what_was_recorded() -> None:
    assert asyncio.run(frames.theirs()) == frames.recorded()
