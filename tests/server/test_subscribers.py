"""Many subscribers over some time: none misses an event, and memory stays where it was."""

import asyncio
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import plain_http
from tests.support.embedded import TOKEN, Embedded
from tests.support.listener import Listener
from tests.support.tier import runs

SUBSCRIBERS = max(100, runs(1000))
SECONDS = max(5, runs(900) - 20)  # the shortest tier is too short to tell much
RATE = 20  # creates a second
WARM_UP = 3  # the part of the time after which memory is measured
GROWTH = 1.05
SAMPLES = 50


@pytest.fixture
def many_files() -> Iterator[None]:
    """Allow this process, and those that it starts, as many connections as are needed."""
    if sys.platform == "win32":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, SUBSCRIBERS + 500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def listen(server: Embedded, events: int) -> Listener:
    loop = asyncio.get_running_loop()
    _, listener = await loop.create_connection(lambda: Listener(events), "127.0.0.1", server.port)
    await listener.ready
    return listener


async def create(server: Embedded, events: int) -> list[tuple[float, int]]:
    """Create items at an even pace; return times and the server's memory after the warm-up."""
    loop = asyncio.get_running_loop()
    samples = []
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with plain_http.async_client(base_url=server.url, headers=headers) as http:
        started = loop.time()
        for number in range(events):
            # The pace is what is tested; nothing is waited for here.
            await asyncio.sleep(started + number / RATE - loop.time())
            answer = await http.post("/items/messages?fields=id", json={"text": str(number)})
            assert answer.status_code == 200, answer.text
            resident = server.resident
            if number >= events // WARM_UP and number % (events // SAMPLES or 1) == 0 and resident:
                samples.append((loop.time() - started, resident))
    return samples


async def run(server: Embedded) -> None:
    events = SECONDS * RATE
    listeners = [await listen(server, events) for _ in range(SUBSCRIBERS)]
    samples = await create(server, events)
    async with asyncio.timeout(30):
        await asyncio.gather(*(listener.done for listener in listeners))
    for listener in listeners:
        listener.close()
    if samples:
        assert growth(samples) < GROWTH, samples


def growth(samples: list[tuple[float, int]]) -> float:
    """Return the memory at the end, by the slope of all samples, beside that at the beginning."""
    times, resident = zip(*samples, strict=True)
    slope, before = statistics.linear_regression(times, resident)
    first, last = (before + slope * at for at in (times[0], times[-1]))
    print(f"{slope:+,.0f} bytes a second, from {first:,.0f} to {last:,.0f}")
    return float(last / first)


def test_none_misses_an_event(tmp_path: Path, many_files: None) -> None:
    server = Embedded(tmp_path).start()
    try:
        asyncio.run(run(server))
    finally:
        server.stop()
    assert "Traceback" not in server.log
