"""Asking the sources of one device at once: what is learned, what is said of it, and how seldom."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest
from tests.unit.gateway.gates import NOW

from mailgate.errors import MailgateError
from mailgate.gateway.pages.employee import Asked, Came
from mailgate.gateway.recheck import AT_ONCE, REST, Recheck
from mailgate.model import AppsReport, DeviceRecord

LOOKED = NOW - timedelta(minutes=3)


def report(source="intune", device_id="phone-1", gone=False):
    return SimpleNamespace(source=source, id=device_id, gone=gone)


def record(*present, complete=True, gone=False, seen=True):
    apps = AppsReport(frozenset(present), complete, LOOKED) if seen else None
    return DeviceRecord("intune", "phone-1", apps=apps, gone=gone)


class Source:
    """Answers with what it is told to, or breaks."""

    def __init__(self, answer=None, breaks=None):
        self.answer, self.breaks, self.asked = answer, breaks, []

    async def __call__(self, device_id):
        self.asked.append(device_id)
        if self.breaks:
            raise self.breaks
        return self.answer


class Scene:
    def __init__(self, **sources):
        self.now, self.learned = NOW, []
        self.recheck = Recheck(sources, self.learn, lambda: self.now)

    async def learn(self, records):
        self.learned += records

    async def ask(self, *reports):
        return await self.recheck.ask("abcd-efgh-ijkl", reports or [report()], str.title)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (record("tiktok", "wechat"), Asked(Came.FOUND, "intune", ("Tiktok", "Wechat"), LOOKED)),
        (record(), Asked(Came.CLEAR, "intune", looked_at=LOOKED)),
        (record(complete=False), Asked(Came.PARTLY, "intune", looked_at=LOOKED)),
        (record(seen=False), Asked(Came.UNSEEN, "intune")),
        (record(gone=True), Asked(Came.UNKNOWN, "intune")),
    ],
)
async def test_what_a_source_says_is_learned_and_told(told, said):
    scene = Scene(intune=Source(told))
    assert await scene.ask() == (said,)
    assert scene.learned == [told]


async def test_a_source_that_has_no_such_device_teaches_nothing():
    scene = Scene(intune=Source(None))
    assert await scene.ask() == (Asked(Came.UNKNOWN, "intune"),)
    assert scene.learned == []


@pytest.mark.parametrize("breaks", [MailgateError("no"), OSError("no"), TimeoutError()])
async def test_a_source_that_does_not_answer_is_said_to_be_silent(breaks):
    scene = Scene(intune=Source(breaks=breaks), jamf=Source(record()))
    silent, heard = await scene.ask(report(), report("jamf", "7"))
    assert silent == Asked(Came.SILENT, "intune")
    assert heard.came is Came.CLEAR


async def test_each_source_is_asked_by_its_own_name_of_the_device():
    intune, jamf = Source(record()), Source(record())
    await Scene(intune=intune, jamf=jamf).ask(report(), report("jamf", "7"))
    assert (intune.asked, jamf.asked) == (["phone-1"], ["7"])


@pytest.mark.parametrize("reports", [[report("https://mdm.example.com")], [report(gone=True)]])
async def test_where_nobody_can_be_asked_that_is_said(reports):
    scene = Scene(intune=Source(record()))
    assert await scene.ask(*reports) == (Asked(Came.NOBODY),)


async def test_a_device_is_asked_about_every_half_minute():
    source = Source(record())
    scene = Scene(intune=source)
    await scene.ask()
    assert await scene.ask() == (Asked(Came.TOO_SOON),)
    assert len(source.asked) == 1
    assert (await scene.recheck.ask("other", [report()], str.title))[0].came is Came.CLEAR
    scene.now += timedelta(seconds=REST + 1)
    assert (await scene.ask())[0].came is Came.CLEAR


async def test_a_few_questions_are_out_at_once():
    out, most, go = 0, 0, asyncio.Event()

    async def slow(_device_id):
        nonlocal out, most
        out += 1
        most = max(most, out)
        await go.wait()
        out -= 1

    scene = Scene(intune=slow)
    asking = [asyncio.ensure_future(scene.recheck.ask(str(n), [report()], str)) for n in range(2 * AT_ONCE)]
    for _ in range(20):
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*asking)
    assert most == AT_ONCE
