import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from tests.unit.connectors.around import NOW, settings_of, tools
from tests.unit.connectors.run_store import Source, runner

from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import PostSettings
from mailgate.connectors import scheduler
from mailgate.connectors.scheduler import Scheduler
from mailgate.errors import SourceError, Trouble
from mailgate.model import SourceState
from mailgate.tasks import end_all

SETTINGS = {"mdm": EverySource()}
FAILING = SourceState("mdm", failing_since=NOW - timedelta(days=1), last_attempt=NOW)


@pytest.fixture
def told():
    return []


@pytest.fixture
def listed():
    """What is looked for: the last of these."""
    return ["v1"]


@pytest.fixture
def make(clock, run_store, told, listed):
    def made(source, settings=SETTINGS):
        around = partial(tools, now=clock)
        runs = runner(source, run_store, around, lambda: listed[-1])
        return Scheduler(lambda: settings, runs, around(), told.append)

    return made


async def settle():
    for _ in range(30):
        await asyncio.sleep(0)


async def poll(running, times=1):
    """Looks for what is due, and lets it run, this many times."""
    for _ in range(times):
        await running.poll()
        await settle()


async def test_a_due_source_runs_once_and_then_rests(make, clock):
    source = Source(1)
    running = make(source)
    await poll(running, times=3)
    assert len(source.asked) == 1
    clock.now += timedelta(minutes=17)
    await poll(running)
    assert len(source.asked) == 2


async def test_a_running_source_is_not_started_again(make):
    source = Source(asyncio.Event())
    running = make(source)
    await poll(running, times=3)
    assert len(source.asked) == 1
    await end_all(running._running.values())


async def test_a_source_with_something_new_runs_before_its_time(make):
    source = Source(1)
    running = make(source)
    await poll(running)
    running.wake("mdm")
    await poll(running)
    assert len(source.asked) == 2


async def test_a_changed_list_of_apps_reads_everything_soon(make, listed):
    source = Source(1)
    running = make(source)
    await poll(running)
    listed.append("v2")
    await poll(running, times=3)
    assert source.asked == [None, None]


async def test_a_source_that_posts_is_not_asked(make, run_store):
    run_store.noted["push"] = SourceState("push", last_success=NOW)
    source = Source(1)
    running = make(source, {"push": settings_of(PostSettings, {"type": "post"}, api_key="hunter2")})
    await poll(running)
    assert (source.asked, running.states["push"].last_success) == ([], NOW)


async def test_two_gates_do_not_do_the_same_run_one_after_the_other(make, run_store, clock):
    source = Source(1)
    one, other = make(source), make(source)
    await other._learn()
    await poll(one)
    other._start("mdm", SETTINGS["mdm"])  # by what it knew before the other ran
    await settle()
    assert len(source.asked) == 1


async def test_a_failing_source_is_told_until_a_run_succeeds(make, run_store, clock, told):
    running = make(Source(SourceError(Trouble.LOGIN)))
    await poll(running)
    since = clock.now
    clock.now += timedelta(minutes=1)
    await running.poll()
    run_store.noted["mdm"] = replace(run_store.noted["mdm"], failing_since=None)
    await running.poll()
    await end_all(running._running.values())
    assert told == [{}, {"mdm": since + timedelta(seconds=5)}, {}]


async def test_a_store_that_is_away_starts_nothing_and_forgets_nothing(make, run_store, told):
    run_store.noted["mdm"] = FAILING
    source = Source(1)
    running = make(source)
    await running.poll()
    run_store.away = True
    await poll(running)
    assert source.asked == []
    assert [[*each] for each in told] == [["mdm"]] * 2


async def test_a_connector_that_was_removed_is_told_no_more(make, run_store, told):
    settings = dict(SETTINGS)
    run_store.noted["mdm"] = FAILING
    running = make(Source(1), settings)
    await running.poll()
    settings.clear()
    await running.poll()
    assert [[*each] for each in told] == [["mdm"], []]
    assert running.states == {}


async def test_stopping_lets_a_run_finish_its_batch(make, run_store, monkeypatch):
    monkeypatch.setattr(scheduler, "POLL", 0.001)
    source = Source(1, 2, asyncio.Event())
    task = asyncio.create_task(make(source).run())
    await settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (run_store.taken, source.closed, run_store.held) == ([["1", "2"]], 1, set())


async def test_devices_are_counted_again_only_after_a_run(make, run_store, monkeypatch):
    counts = []

    async def reach():
        counts.append(NOW)
        return {}

    monkeypatch.setattr(run_store, "reach", reach)
    running = make(Source(1))
    await poll(running, times=4)
    assert len(counts) == 1
