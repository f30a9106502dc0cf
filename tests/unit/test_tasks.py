"""Tasks that run beside are ended, and computations take turns."""

import asyncio
from collections.abc import Callable
from threading import Event, get_ident

import pytest

from mailgate.tasks import ON_BEHALF_OF, compute, end, end_all, run_to_end


async def waits(ended: list[str], name: str) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def fails() -> None:
    raise OSError


async def test_each_has_ended_when_that_returns() -> None:
    ended: list[str] = []
    tasks = [asyncio.ensure_future(waits(ended, name)) for name in ("one", "two")]
    await asyncio.sleep(0)
    await end_all(tasks)
    assert ended == ["one", "two"]
    assert all(task.cancelled() for task in tasks)


async def test_ending_a_failed_task_raises_nothing() -> None:
    failed = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await end(failed)
    assert isinstance(failed.exception(), OSError)


async def test_ending_a_task_that_never_started_is_no_error() -> None:
    await end(None)
    await end_all([])


async def computed(name: str, function: Callable[[], object]) -> object:
    ON_BEHALF_OF.set(name)
    return await compute(function)


async def test_a_computation_leaves_the_loop_free_and_brings_its_result_or_its_error() -> None:
    assert await compute(get_ident) != get_ident()
    with pytest.raises(ValueError, match="no"):
        await compute(int, "no")


async def test_computations_of_one_admin_take_turns_and_wait_for_nobody_else() -> None:
    loop, begun, mark_missing_as_gone, order = (
        asyncio.get_running_loop(),
        asyncio.Event(),
        Event(),
        list[str](),
    )

    def first() -> None:
        loop.call_soon_threadsafe(begun.set)
        mark_missing_as_gone.wait()
        order.append("first")

    one = asyncio.create_task(computed("ada", first))
    await begun.wait()
    two = asyncio.create_task(computed("ada", lambda: order.append("second")))
    await computed("grace", lambda: order.append("another admin's"))
    mark_missing_as_gone.set()
    await asyncio.gather(one, two)
    assert order == ["another admin's", "first", "second"]


@pytest.mark.parametrize("error", [None, OSError("gone")])
async def test_work_that_may_not_be_halved_ends_before_its_task(error: Exception | None) -> None:
    begun, may_end, done = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        begun.set()
        await may_end.wait()
        done.append("ended")
        if error:
            raise error

    task = asyncio.ensure_future(run_to_end(work()))
    await begun.wait()
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["ended"]
