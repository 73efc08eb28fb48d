"""What happens in the tutorial's chat, recorded again and compared with the recording."""

from tests.support import tutorial_chat


def test_the_tutorials_chat_does_what_was_recorded() -> None:
    assert tutorial_chat.theirs() == tutorial_chat.recorded()
