import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs
from tests.exchanges import MARKER
from tests.unit.connectors.around import NOW, settings_of, tools
from tests.unit.connectors.run_store import Source
from tests.unit.connectors.run_store import runner as made_runner
from tests.unit.connectors.test_intune import VALUES

from mailgate.config.sources.apis import AppleMdmSettings, IntuneSettings
from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.config.sources.line import PostSettings
from mailgate.connectors import runner as runner
from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.connectors.run import OVERLAP, Narrowed
from mailgate.connectors.runner import PAUSE, DeviceRecheck, RunOptions, count_facts
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import AppsReport, CheckResult, Kind, SourceState

SETTINGS = EverySource()
POSTED = settings_of(PostSettings, {"type": "post"}, api_key="hunter2")


@pytest.fixture
def lead(run_store):
    return partial(made_runner, store=run_store)


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


async def test_a_run_of_another_gate_is_not_repeated(lead, run_store):
    run_store.noted["mdm"] = SourceState("mdm", last_attempt=NOW)
    source = Source(1)
    assert await lead(source).run("mdm", SETTINGS, unless=lambda state: state.last_attempt == NOW) is None
    assert (source.asked, run_store.held) == ([], set())


async def test_a_person_may_release_held_devices(lead, run_store):
    await lead(Source(*range(50))).run("mdm", SETTINGS)
    held = await lead(Source(1)).run("mdm", SETTINGS, RunOptions(full=True))
    assert (held.held, run_store.noted["mdm"].held) == (49, 49)
    gone = await lead(Source(1)).run("mdm", SETTINGS, RunOptions(full=True, mark_missing_as_gone=True))
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
    monkeypatch.setattr(runner, "LEASE", timedelta(0))
    going_on = asyncio.Event()
    task = asyncio.create_task(lead(Source(1, going_on)).run("mdm", SETTINGS))
    while run_store.claims < 4:
        await asyncio.sleep(0)
    going_on.set()
    assert (await task).full


async def test_a_run_whose_lease_is_lost_ends_and_notes_nothing(lead, run_store, monkeypatch):
    monkeypatch.setattr(runner, "LEASE", timedelta(0))
    task = asyncio.create_task(lead(Source(1, asyncio.Event())).run("mdm", SETTINGS))
    while run_store.claims < 2:
        await asyncio.sleep(0)
    run_store.others.add("mdm")
    assert (await task).trouble is Trouble.STOPPED
    assert run_store.noted["mdm"].last_attempt is None
    assert run_store.taken == [["1"]], "what was read is kept"


async def test_progress_is_told_with_the_total_where_it_is_known(lead, run_store):
    told = []
    await lead(Source(1)).run("mdm", SETTINGS, RunOptions(progress=lambda *each: told.append(each)))
    assert told == [(1, None)]


class Calling(Source):
    """A source that calls, with one device each time."""

    async def receive(self, _headers, _body):
        return [report_by("mdm", "1")]


async def test_a_call_says_how_a_source_fares_that_only_calls(lead, run_store):
    source = Calling()
    assert await lead(source).receive("mdm", POSTED, {}, b"") == 1
    assert (run_store.taken, source.closed, run_store.noted["mdm"].last_success) == ([["1"]], 1, NOW)


async def test_a_call_puts_off_no_run_of_a_source_that_is_asked_too(lead, run_store):
    assert await lead(Calling()).receive("mdm", SETTINGS, {}, b"") == 1
    assert (run_store.taken, run_store.noted) == ([["1"]], {})


async def noted(run_store, fits):
    """The state of the connector once it fits."""
    while not fits(run_store.noted.get("mdm") or SourceState("mdm")):
        await asyncio.sleep(0)
    return run_store.noted["mdm"]


async def test_a_source_that_hangs_is_being_read_from_the_start_on(lead, run_store):
    going_on = asyncio.Event()
    task = asyncio.create_task(lead(Source(1, going_on)).run("mdm", SETTINGS))
    state = await noted(run_store, lambda state: state.running_since)
    assert (state.running_since, state.last_attempt) == (NOW, None)
    going_on.set()
    await task
    assert run_store.noted["mdm"].running_since is None


async def test_a_run_that_waits_says_until_when(lead, run_store, monkeypatch):
    monkeypatch.setattr(runner, "_LOOK_SECONDS", 0.001)
    around, going_on = tools(), asyncio.Event()
    task = asyncio.create_task(lead(Source(1, going_on), around=lambda: around).run("mdm", SETTINGS))
    await noted(run_store, lambda state: state.running_since)
    around.tally.retrying, around.tally.retry_at = "throttled", NOW + timedelta(minutes=2)
    state = await noted(run_store, lambda state: state.retrying)
    assert (state.retry_at, state.running_since) == (NOW + timedelta(minutes=2), NOW)
    going_on.set()
    await task
    assert (run_store.noted["mdm"].retrying, run_store.noted["mdm"].retry_at) == ("", None)


async def test_a_run_that_is_ended_no_longer_goes_on(lead, run_store):
    task = asyncio.create_task(lead(Source(1, asyncio.Event())).run("mdm", SETTINGS))
    await noted(run_store, lambda state: state.running_since)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run_store.noted["mdm"] == SourceState("mdm")


@pytest.mark.parametrize("trouble", [Trouble.FILE, None])
async def test_an_import_by_hand_does_not_end_a_failure(lead, run_store, trouble):
    failing = SourceState("mdm", failing_since=NOW, trouble="timeout", trouble_since=NOW)
    run_store.noted["mdm"] = failing
    handed = Source(1, *([SourceError(trouble)] if trouble else []))
    outcome = await lead(handed).run("mdm", SETTINGS, RunOptions(full=True, handed=True))
    assert (outcome.trouble, run_store.noted["mdm"]) == (trouble, failing)


async def test_a_bad_file_that_a_person_hands_in_makes_no_source_fail(lead, run_store):
    handed = Source(SourceError(Trouble.FILE))
    await lead(handed).run("mdm", SETTINGS, RunOptions(full=True, handed=True))
    assert run_store.noted == {}


API = ApiSourceSettings()


def whole(name, **changes):
    return replace(report_by("mdm", str(name), "ada", apps=AppsReport(frozenset(), True, NOW)), **changes)


def part(name, **changes):
    return replace(whole(name), apps_complete=False, reported_at=NOW + MINUTE, **changes)


MINUTE = timedelta(minutes=1)


async def seen(lead, run_store, *reports, after=timedelta(), settings=API, dry=False):
    """The outcome of a full run that brings these reports this long after the first."""
    around = tools(now=lambda: NOW + after)
    wish = RunOptions(full=True, dry=dry)
    return await lead(Source(*reports), around=lambda: around).run("mdm", settings, wish)


async def test_a_device_about_to_lose_clean_is_told_an_hour_before(lead, run_store):
    await seen(lead, run_store, whole(1), whole(2))
    outcome = await seen(lead, run_store, part(1), whole(2), after=MINUTE)
    assert outcome.narrowed == (Narrowed("1", "device-1", "ada"),)
    state = run_store.noted["mdm"]
    assert (state.narrowed, state.narrows_at) == (1, NOW + MINUTE + timedelta(hours=1))
    assert run_store.kept["mdm", "1"].apps_complete
    await seen(lead, run_store, part(1), whole(2), after=timedelta(minutes=30))
    assert run_store.kept["mdm", "1"].apps_complete
    assert run_store.noted["mdm"].narrows_at == state.narrows_at, "the hour does not begin anew"
    outcome = await seen(lead, run_store, part(1), whole(2), after=timedelta(minutes=62))
    assert (outcome.narrowed, run_store.kept["mdm", "1"].apps_complete) == ((), False)
    assert (run_store.noted["mdm"].narrowed, run_store.noted["mdm"].narrows_at) == (0, None)


async def test_a_look_that_is_held_does_not_make_the_older_one_younger(lead, run_store):
    await seen(lead, run_store, whole(1))
    await seen(lead, run_store, part(1), after=MINUTE)
    assert run_store.kept["mdm", "1"].reported_at == NOW


@pytest.mark.parametrize(
    "worse", [{"apps": frozenset({"tiktok"})}, {"status": "contraindicated"}, {"gone": True}], ids=str
)
async def test_bad_news_of_a_device_counts_at_once(lead, run_store, worse):
    await seen(lead, run_store, whole(1))
    outcome = await seen(lead, run_store, part(1, **worse), after=MINUTE)
    kept = run_store.kept["mdm", "1"]
    assert (outcome.narrowed, {name: getattr(kept, name) for name in worse}) == ((), worse)


async def test_a_device_seen_in_part_before_is_not_narrowed(lead, run_store):
    await seen(lead, run_store, part(1))
    assert (await seen(lead, run_store, part(1), part(2), after=MINUTE)).narrowed == ()


async def test_a_file_says_itself_what_it_sees(lead, run_store):
    await seen(lead, run_store, whole(1), settings=SETTINGS)
    assert (await seen(lead, run_store, part(1), settings=SETTINGS, after=MINUTE)).narrowed == ()
    assert run_store.kept["mdm", "1"].apps_complete is False


async def test_until_it_counts_everything_is_read(lead, run_store):
    await seen(lead, run_store, whole(1))
    await seen(lead, run_store, part(1), after=MINUTE)
    source = Source(part(1))
    await lead(source).run("mdm", API)
    assert source.asked == [None]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("complete_kinds", ()),
        ("app_policies", ("No TikTok",)),
        ("hiding_profiles", ("No TikTok",)),
        ("inventory_lag", 9 * MINUTE),
        ("tenant", "example.com"),
    ],
)
async def test_other_settings_make_a_full_run(lead, run_store, setting, said):
    source = Source(whole(1))
    intune = settings_of(IntuneSettings, VALUES, client_secret="graph-s3cret")
    for settings in (intune, intune, intune.model_copy(update={setting: said})):
        await lead(source).run("mdm", settings)
    assert source.asked == [None, NOW - OVERLAP, None]


async def test_a_dry_run_stores_nothing_and_tells_who_would_no_longer_be_clean(lead, run_store):
    await seen(lead, run_store, whole(1), whole(2))
    before = (dict(run_store.kept), dict(run_store.noted))
    outcome = await seen(lead, run_store, part(1), part(2), part(3), dry=True)
    assert [each.id for each in outcome.narrowed] == ["1", "2"]
    assert (run_store.kept, run_store.noted) == before


class Asked(Source):
    """A source that can be asked about one device."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    async def device(self, device_id):
        self.asked.append(device_id)
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, asyncio.Event):
            await self.answer.wait()
        return self.answer


@pytest.fixture
def checking(run_store, clock):
    def made(source):
        return DeviceRecheck(made_runner(source, run_store, partial(tools, now=clock)))

    return made


async def test_the_answer_of_the_source_counts_at_once(checking, run_store):
    source = Asked(report_by("mdm", "1"))
    assert await checking(source).ask("mdm", SETTINGS, "1") is CheckResult.TAKEN
    assert (run_store.taken, source.closed) == ([["1"]], 1)


async def test_a_device_that_the_source_does_not_have_is_gone(checking, run_store):
    assert await checking(Asked(None)).ask("mdm", SETTINGS, "1") is CheckResult.GONE
    assert run_store.gone() == {"1"}


@pytest.mark.parametrize(
    ("answer", "came"),
    [
        (SourceError(Trouble.NAME), CheckResult.CANNOT),
        (SourceError(Trouble.SHAPE), CheckResult.FAILED),
        (report_by("mdm", "2"), CheckResult.FAILED),
        (report_by("mdm", ""), CheckResult.FAILED),
    ],
)
async def test_only_a_source_that_says_so_no_longer_has_a_device(checking, run_store, answer, came):
    """Neither a name that it never gives nor an answer that cannot be read takes a device away, nor does another device."""
    assert await checking(Asked(answer)).ask("mdm", SETTINGS, "1") is came
    assert run_store.taken == []


async def test_each_device_can_be_asked_about_once_in_a_while(checking, clock):
    source = Asked(SourceError(Trouble.TIMEOUT))
    check = checking(source)
    answers = [await check.ask("mdm", SETTINGS, name) for name in ("1", "1", "2")]
    clock.now += PAUSE
    answers.append(await check.ask("mdm", SETTINGS, "1"))
    assert answers == [CheckResult.FAILED, CheckResult.WAIT, CheckResult.FAILED, CheckResult.FAILED]
    assert source.asked == ["1", "2", "1"]


class Waking(Source):
    """A source that has devices report by themselves."""

    def __init__(self, error=None):
        super().__init__()
        self.error = error

    async def wake(self, device_id):
        self.asked.append(device_id)
        if self.error:
            raise self.error


async def test_a_device_that_reports_by_itself_is_asked_to(checking, run_store):
    source = Waking()
    assert await checking(source).ask("mdm", SETTINGS, "1") is CheckResult.ASKED
    assert (source.asked, source.closed, run_store.taken) == (["1"], 1, [])
    failing = Waking(SourceError(Trouble.STATUS))
    assert await checking(failing).ask("mdm", SETTINGS, "1") is CheckResult.FAILED


async def test_a_source_without_an_api_in_its_settings_is_not_asked(checking):
    silent = settings_of(AppleMdmSettings, {"type": "apple-mdm"}, api_key="k")
    assert await checking(Waking()).ask("mdm", silent, "1") is CheckResult.CANNOT


async def test_a_source_that_cannot_be_asked_is_not(checking):
    source = Source()
    assert await checking(source).ask("mdm", SETTINGS, "1") is CheckResult.CANNOT
    assert source.closed == 1


@pytest.mark.parametrize("answer", [SourceError(Trouble.TIMEOUT), asyncio.Event()])
async def test_a_source_that_does_not_answer_changes_nothing(checking, run_store, monkeypatch, answer):
    monkeypatch.setattr(runner, "_TIMEOUT_SECONDS", 0.01)
    assert await checking(Asked(answer)).ask("mdm", SETTINGS, "1") is CheckResult.FAILED
    assert run_store.taken == []


async def test_a_connector_may_store_only_in_a_run_that_stores(run_store):
    may = []

    def make(_name, _settings, around):
        may.append(around.stores)
        return Source(1)

    numbers = ConnectorMetrics(CollectorRegistry())
    run = runner.Runner(make, run_store, tools, numbers, lambda: "v1")
    for options in (RunOptions(), RunOptions(dry=True)):
        await run.run("mdm", SETTINGS, options)
    assert may == [True, False]


def test_devices_kinds_and_missing_apps_are_counted():
    counts = count_facts([report_by("mdm", "1", kind=Kind.PHONE, serial="SERIAL1"), report_by("mdm", "2")])
    assert (counts["devices"], counts["with_serial"], counts["without_apps"]) == (2, 1, 2)
    assert counts["kinds"] == {"phone": 1, "unknown": 1}
