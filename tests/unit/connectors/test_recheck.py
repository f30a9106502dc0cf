import asyncio
from functools import partial

import pytest
from tests.unit.connectors.around import runtime, settings_of
from tests.unit.connectors.run_store import Source, leased_run

from mailgate.config.sources.apis import AppleMdmSettings
from mailgate.config.sources.every_source import EverySource
from mailgate.connectors import SourceError, Trouble, recheck
from mailgate.connectors.recheck import PAUSE, DeviceRecheck
from mailgate.devices.trust import report_by
from mailgate.model import CheckResult

SETTINGS = EverySource()


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
        return DeviceRecheck(leased_run(source, run_store, partial(runtime, now=clock)))

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
    monkeypatch.setattr(recheck, "_TIMEOUT_SECONDS", 0.01)
    assert await checking(Asked(answer)).ask("mdm", SETTINGS, "1") is CheckResult.FAILED
    assert run_store.taken == []
