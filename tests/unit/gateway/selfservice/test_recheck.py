"""Asking the sources of one device at once, and what people are told of their answers."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.gateway.own import LOOKED, PHONE, REPORT

from mailgate.devices.device import Device
from mailgate.gateway.pages.employee import AskedSource, SourceResult
from mailgate.gateway.selfservice.recheck import (
    MAX_CONCURRENT,
    Recheck,
    answers_of,
    ask_nobody,
    source_answer,
)
from mailgate.model import CheckResult
from mailgate.model.times import LONG_AGO

OTHER = replace(REPORT, source="jamf", id="7")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"apps": {"tiktok", "wechat"}},
            AskedSource(SourceResult.FOUND, "intune", ("Tiktok", "Wechat"), LOOKED),
        ),
        ({"apps": set()}, AskedSource(SourceResult.CLEAR, "intune", looked_at=LOOKED)),
        (
            {"apps": set(), "apps_complete": False},
            AskedSource(SourceResult.PARTLY, "intune", looked_at=LOOKED),
        ),
        ({"apps": set(), "reported_at": None}, AskedSource(SourceResult.UNSEEN, "intune")),
        ({"apps": set(), "looked_from": LONG_AGO}, AskedSource(SourceResult.UNSEEN, "intune")),
    ],
)
def test_answers_of_sources_are_told_in_the_readers_words(changed, said):
    assert source_answer(replace(REPORT, **changed), str.title) == said


async def test_each_source_is_asked_by_its_own_name_of_the_device():
    asked = []

    async def ask(source, device_id):
        asked.append((source, device_id))
        return CheckResult.TAKEN

    came = await Recheck(ask).ask([REPORT, OTHER, replace(OTHER, id="8", gone=True)])
    assert asked == [("intune", "intune-1"), ("jamf", "7")]
    assert came == {REPORT.key: CheckResult.TAKEN, OTHER.key: CheckResult.TAKEN}


@pytest.mark.parametrize(
    ("again", "came"),
    [
        (CheckResult.ASKED, SourceResult.ASKED),
        (CheckResult.GONE, SourceResult.UNKNOWN),
        (CheckResult.WAIT, SourceResult.TOO_SOON),
        (CheckResult.FAILED, SourceResult.SILENT),
    ],
)
def test_an_answer_without_apps_is_told_as_such(again, came):
    assert answers_of({REPORT.key: again}, [PHONE], str.title) == (AskedSource(came, "intune"),)


def test_a_source_that_cannot_be_asked_is_left_out():
    came = {REPORT.key: CheckResult.TAKEN, ("https://mdm.example.com", "phone-1"): CheckResult.CANNOT}
    (told,) = answers_of(came, [PHONE], str.title)
    assert told.result is SourceResult.FOUND


@pytest.mark.parametrize("came", [{}, {REPORT.key: CheckResult.CANNOT}])
def test_without_a_source_to_ask_that_is_said(came):
    assert answers_of(came, [PHONE], str.title) == (AskedSource(SourceResult.NOBODY),)


def test_answers_about_somebody_elses_device_are_not_told():
    """What the source said may give the device to somebody else."""
    assert answers_of({REPORT.key: CheckResult.TAKEN}, [Device("other")], str.title) == (
        AskedSource(SourceResult.SILENT, "intune"),
    )


async def test_without_sources_nobody_is_asked():
    assert await ask_nobody("intune", "1") is CheckResult.CANNOT
    assert await Recheck().ask([REPORT]) == {REPORT.key: CheckResult.CANNOT}


async def test_a_few_questions_are_out_at_once():
    out, most, go = 0, 0, asyncio.Event()

    async def slow(_source, _device_id):
        nonlocal out, most
        out += 1
        most = max(most, out)
        await go.wait()
        out -= 1
        return CheckResult.TAKEN

    recheck = Recheck(slow)
    asking = [asyncio.ensure_future(recheck.ask([REPORT])) for _ in range(2 * MAX_CONCURRENT)]
    for _ in range(20):
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*asking)
    assert most == MAX_CONCURRENT


async def test_nobody_waits_long_for_their_turn():
    never = asyncio.Event()

    async def silent(_source, _device_id):
        await never.wait()

    recheck = Recheck(silent, patience=0)
    others = [asyncio.create_task(recheck.ask([REPORT])) for _ in range(MAX_CONCURRENT)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert await recheck.ask([OTHER]) == {OTHER.key: CheckResult.FAILED}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
