"""What a task waits at: it is continued on the spot where no task is running."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from directus_realtime import NotConnected
from directus_realtime.waiter import Waiter

from tests.support.client import run


async def without_task(work: Callable[[], object]) -> None:
    """Call a function while no task is running."""
    called = asyncio.get_running_loop().create_future()

    def call() -> None:
        work()
        called.set_result(None)

    asyncio.get_running_loop().call_soon(call)
    await called


def waits(waiter: Waiter[str], heard: list[str]) -> asyncio.Task[None]:
    async def wait() -> None:
        heard.append(await waiter)

    return asyncio.ensure_future(wait())


def scene(work: Callable[[Waiter[str], list[str]], Awaitable[None]]) -> None:
    async def play() -> None:
        await work(Waiter(asyncio.get_running_loop()), [])

    run(play)


def test_where_no_task_is_running_it_resumes_its_task_on_the_spot() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        task = waits(waiter, heard)
        await asyncio.sleep(0)

        def settle() -> None:
            waiter.set("first")
            waiter.set("second")
            waiter.resume()
            heard.append("after")

        await without_task(settle)
        assert heard == ["first", "after"]
        await task

    scene(work)


def test_a_running_task_goes_on_first() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        task = waits(waiter, heard)
        await asyncio.sleep(0)
        waiter.set("value")
        waiter.resume()
        heard.append("after")
        await task
        assert heard == ["after", "value"]

    scene(work)


def test_one_that_is_settled_already_is_not_waited_for() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        waiter.set("value")
        waiter.resume()
        assert await waiter == "value"

    scene(work)


def test_an_error_is_raised_in_the_task() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        task = waits(waiter, heard)
        await asyncio.sleep(0)
        waiter.fail(NotConnected())
        await without_task(waiter.resume)
        with pytest.raises(NotConnected):
            await task

    scene(work)


def test_a_wait_can_be_cancelled_and_a_later_value_is_of_no_effect() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        task = waits(waiter, heard)
        await asyncio.sleep(0)
        task.cancel("enough")
        waiter.set("too late")
        waiter.resume()
        with pytest.raises(asyncio.CancelledError, match="enough"):
            await task
        assert heard == []

    scene(work)


def test_one_that_is_resumed_and_then_cancelled_is_cancelled() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        task = waits(waiter, heard)
        await asyncio.sleep(0)
        waiter.set("value")
        waiter.resume()  # in the next turn, as this task is running
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert heard == []

    scene(work)


def test_a_timeout_ends_the_wait() -> None:
    async def work(waiter: Waiter[str], heard: list[str]) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waits(waiter, heard), 0.001)

    scene(work)
