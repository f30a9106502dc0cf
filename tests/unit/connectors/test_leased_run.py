import asyncio
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs
from tests.exchanges import MARKER
from tests.unit.connectors.around import NOW
from tests.unit.connectors.run_store import Source
from tests.unit.connectors.run_store import leased_run as in_leased_run

from mailgate.config.sources import EverySource
from mailgate.connectors import SourceError, Trouble, leased_run
from mailgate.connectors.leased_run import RunOptions
from mailgate.connectors.schedule import OVERLAP
from mailgate.devices.trust import report_by
from mailgate.model import SourceState

SETTINGS = EverySource()


@pytest.fixture
def lead(run_store):
    return partial(in_leased_run, store=run_store)


async def test_a_run_leaves_its_state_and_gives_the_lease_back(lead, run_store):
    source = Source(1, 2)
    outcome = await lead(source).run("mdm", SETTINGS)
    assert (outcome.taken, outcome.full) == (2, True)
    assert run_store.noted["mdm"].last_full == NOW
    assert (run_store.held, source.closed, source.asked) == (set(), 1, [None])


async def test_the_next_run_asks_for_changes_unless_everything_is_wished(lead, run_store):
    source = Source(1)
    for wish in (RunOptions(), RunOptions(), RunOptions(full=True)):
        await lead(source).run("mdm", SETTINGS, wish)
    assert source.asked == [None, NOW - OVERLAP, None]


async def test_a_source_without_changes_is_read_as_a_whole_each_time(lead, run_store):
    source = Source(1)
    source.tells_changes = False
    for _ in range(2):
        assert (await lead(source).run("mdm", SETTINGS)).full
    assert source.asked == [None, None]


async def test_a_cursor_that_is_refused_makes_a_full_run_at_once(lead, run_store):
    class Forgetful(Source):
        async def devices(self, since):
            self.asked.append(since)
            if since is not None:
                raise SourceError(Trouble.CURSOR)
            async for each in Source(1).devices(None):
                yield each

    source = Forgetful()
    await lead(source).run("mdm", SETTINGS)
    outcome = await lead(source).run("mdm", SETTINGS)
    assert (outcome.full, outcome.trouble) == (True, None)
    assert source.asked == [None, NOW - OVERLAP, None]


async def test_another_gate_that_runs_it_is_left_alone(lead, run_store):
    run_store.others.add("mdm")
    source = Source(1)
    assert await lead(source).run("mdm", SETTINGS) is None
    assert (source.asked, run_store.noted) == ([], {})


async def test_what_another_gate_has_just_done_is_not_done_again(lead, run_store):
    run_store.noted["mdm"] = SourceState("mdm", last_attempt=NOW)
    source = Source(1)
    assert await lead(source).run("mdm", SETTINGS, unless=lambda state: state.last_attempt == NOW) is None
    assert (source.asked, run_store.held) == ([], set())


async def test_a_person_may_let_go_what_is_held(lead, run_store):
    await lead(Source(*range(50))).run("mdm", SETTINGS)
    held = await lead(Source(1)).run("mdm", SETTINGS, RunOptions(full=True))
    assert (held.held, run_store.noted["mdm"].held) == (49, 49)
    gone = await lead(Source(1)).run("mdm", SETTINGS, RunOptions(full=True, let_go=True))
    assert (gone.gone, run_store.noted["mdm"].held) == (49, 0)


async def test_held_devices_are_said_loudly(lead, run_store):
    await lead(Source(*range(50))).run("mdm", SETTINGS)
    with capture_logs() as logs:
        await lead(Source()).run("mdm", SETTINGS, RunOptions(full=True))
    assert [(line["event"], line["log_level"], line["held"]) for line in logs] == [
        ("connector-devices-held", "error", 50)
    ]


async def test_a_fault_of_our_own_shows_no_text(lead, run_store):
    with capture_logs() as logs:
        outcome = await lead(Source(1, ValueError(MARKER))).run("mdm", SETTINGS)
    assert outcome.trouble is Trouble.FAULT
    assert run_store.noted["mdm"].failing_since == NOW
    assert MARKER not in repr(logs)
    assert logs[0]["error"] == "ValueError"


async def test_a_store_that_is_away_is_a_trouble_of_its_own(lead, run_store):
    run_store.away = True
    assert (await lead(Source(1)).run("mdm", SETTINGS)).trouble is Trouble.STORE


async def test_a_lease_is_renewed_while_the_run_lasts(lead, run_store, monkeypatch):
    monkeypatch.setattr(leased_run, "LEASE", timedelta(0))
    going_on = asyncio.Event()
    task = asyncio.create_task(lead(Source(1, going_on)).run("mdm", SETTINGS))
    while run_store.claims < 4:
        await asyncio.sleep(0)
    going_on.set()
    assert (await task).full


async def test_a_run_whose_lease_is_lost_ends_and_notes_nothing(lead, run_store, monkeypatch):
    monkeypatch.setattr(leased_run, "LEASE", timedelta(0))
    task = asyncio.create_task(lead(Source(1, asyncio.Event())).run("mdm", SETTINGS))
    while run_store.claims < 2:
        await asyncio.sleep(0)
    run_store.others.add("mdm")
    assert (await task).trouble is Trouble.STOPPED
    assert run_store.noted == {}
    assert run_store.taken == [["1"]], "what was read is kept"


async def test_progress_is_told_with_the_total_where_it_is_known(lead, run_store):
    told = []
    await lead(Source(1)).run("mdm", SETTINGS, RunOptions(progress=lambda *each: told.append(each)))
    assert told == [(1, None)]


class Calling(Source):
    """A source that calls, with one device each time."""

    def __init__(self, *, scheduled):
        super().__init__()
        self.scheduled = scheduled

    async def receive(self, _headers, _body):
        return [report_by("mdm", "1")]


async def test_a_call_says_how_a_source_fares_that_only_calls(lead, run_store):
    source = Calling(scheduled=False)
    assert await lead(source).receive("mdm", SETTINGS, {}, b"") == 1
    assert (run_store.taken, source.closed, run_store.noted["mdm"].last_success) == ([["1"]], 1, NOW)


async def test_a_call_puts_off_no_run_of_a_source_that_is_asked_too(lead, run_store):
    assert await lead(Calling(scheduled=True)).receive("mdm", SETTINGS, {}, b"") == 1
    assert (run_store.taken, run_store.noted) == ([["1"]], {})
