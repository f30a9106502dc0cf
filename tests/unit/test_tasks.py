"""Tasks that run beside are ended."""

import asyncio

from mailgate.tasks import end, end_all


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


async def test_what_a_task_has_raised_is_nobody_elses() -> None:
    failed = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await end(failed)
    assert isinstance(failed.exception(), OSError)


async def test_what_was_never_started_is_no_mistake() -> None:
    await end(None)
    await end_all([])
