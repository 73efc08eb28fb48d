"""What waits for one client."""

from server.websocket.outgoing import Outgoing


def test_events_that_are_taken_wait_no_longer() -> None:
    outgoing = Outgoing(10)
    for _ in range(3):
        assert outgoing.put_event("x" * 8)
        assert outgoing.next() == ["x" * 8]
        outgoing.sent()
    assert outgoing.put_event("x" * 8)
    assert not outgoing.put_event("x" * 8)


def test_one_write_is_small_but_for_a_text_that_is_not() -> None:
    outgoing = Outgoing(10)
    for text in ("a", "b" * 70_000, "c", "d" * 40_000, "e" * 40_000, "f"):
        outgoing.put_reply(text)
    sizes = [[len(text) for text in iter(outgoing.next()) if text] for _ in range(3)]
    assert sizes == [[1, 70_000], [1, 40_000, 40_000], [1]]
