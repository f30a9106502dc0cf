"""The one look at the store, and who is woken by it."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs
from tests.unit.store.examples import NOW

from mailgate.app.changes import (
    OF_AUDIT,
    OF_DEVICES,
    POLL_SECONDS,
    ChangeDispatcher,
    Look,
    count_browsers,
    count_devices,
)
from mailgate.gateway.metrics import Metrics
from mailgate.store import StoreUnavailableError
from mailgate.store.changes import ChangeNumbers
from mailgate.store.fleet import BrowserState, Group, Heard
from mailgate.tasks import running

SAME = ChangeNumbers(activation=3, reliefs=5, devices=9, phones=2, audit="7:a")


class Stored:
    """A store whose looks are asked for one by one."""

    def __init__(self):
        self.now, self._asked, self._answers = NOW, asyncio.Event(), asyncio.Queue()

    async def change_numbers(self):
        found = await self._answers.get()
        if isinstance(found, BaseException):
            raise found
        return found

    async def sleep(self, seconds):
        assert seconds == POLL_SECONDS
        self._asked.set()

    async def shows(self, found):
        """The next look finds this, and everybody who is woken by it has done what is to be done."""
        self._answers.put_nowait(found)
        self._asked.clear()
        await self._asked.wait()
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.fixture
def stored():
    return Stored()


@asynccontextmanager
async def followed(stored, work, *of, **options):
    changes = ChangeDispatcher(stored, lambda: stored.now, stored.sleep)
    async with running(changes.run, lambda: changes.follow("part", work, *of, **options)):
        yield changes


@pytest.fixture
def done():
    return []


@pytest.fixture
def work(done):
    async def noted(look):
        done.append(look.numbers)

    return noted


@pytest.mark.parametrize(
    ("of", "changes", "woken"),
    [
        (OF_DEVICES, [{}, {}, {"activation": 4, "reliefs": 6, "audit": "8:b"}, {"devices": 10}], 2),
        (
            OF_AUDIT,
            [{}, {"devices": 10}, {"audit": "7:b"}],
            2,
        ),  # a log may be written anew up to its last number
    ],
)
async def test_a_part_is_woken_by_its_own_changes_alone(stored, done, work, of, changes, woken):
    async with followed(stored, work, of):
        for each in changes:
            await stored.shows(SAME._replace(**each))
    assert len(done) == woken
    assert of(done[-1]) == of(SAME._replace(**changes[-1]))


async def test_work_that_goes_by_time_is_done_once_a_minute(stored, done, work):
    async with followed(stored, work, OF_AUDIT, each_minute=True):
        for seconds in (0, 59, 60, 61):
            stored.now = NOW + timedelta(seconds=seconds)
            await stored.shows(SAME)
    assert len(done) == 2


async def test_without_the_store_only_work_of_every_look_goes_on(stored, done, work):
    with capture_logs() as logs:
        async with (
            followed(stored, work) as changes,
            running(lambda: changes.follow("other", work, OF_DEVICES)),
        ):
            for each in (StoreUnavailableError(), KeyError("a number that nobody foresaw"), SAME):
                await stored.shows(each)
    assert done == [None, None, SAME, SAME]
    assert logs == [{"event": "changes-unread", "error": "StoreUnavailableError", "log_level": "warning"}]


@pytest.mark.parametrize("kind", [ZeroDivisionError, StoreUnavailableError])
async def test_after_an_error_the_work_is_done_again_and_the_error_said_once(stored, kind):
    """What the store refuses to one part alone is said too, though not at once: it may just go away."""
    work = AsyncMock(side_effect=[kind(), kind(), StoreUnavailableError(), None])
    with capture_logs() as logs:
        async with followed(stored, work, OF_DEVICES):
            for _ in range(6):
                await stored.shows(SAME)
    assert work.await_count == 4
    assert [line["error"] for line in logs] == [kind.__name__]


async def test_slow_work_holds_nobody_up_and_goes_on_with_the_newest_look(stored, done, work):
    slowly, begun = asyncio.Event(), []

    async def slow(look):
        begun.append(look.numbers.devices)
        await slowly.wait()

    async with followed(stored, work) as changes, running(lambda: changes.follow("slow", slow, OF_DEVICES)):
        for number in (1, 2, 3):
            await stored.shows(SAME._replace(devices=number))
        assert (begun, [each.devices for each in done]) == ([1], [1, 2, 3])
        slowly.set()
        for _ in range(20):
            await asyncio.sleep(0)
    assert begun == [1, 3]


def test_looks_come_often_enough_for_a_second_in_all():
    assert POLL_SECONDS <= 0.25


LOOK = Look(NOW, SAME)


async def test_devices_and_findings_are_counted_and_those_that_are_over_are_none():
    metrics, shown = Metrics(), []
    counted = AsyncMock(side_effect=[{"device-os-contradicted": 3}, {}])
    mail = AsyncMock(side_effect=[Counter({"kept-out": 2}), Counter({"gets-mail": 2})])
    store = SimpleNamespace(
        devices=SimpleNamespace(counted_findings=counted), rows=SimpleNamespace(by_mail=mail)
    )
    for _ in range(2):
        await count_devices(store, metrics)
        shown += [metrics.registry.get_sample_value("mailgate_device_findings", {"reason": f"device-{each}-contradicted"}) for each in ("os", "kind")]  # fmt: skip
        shown += [metrics.registry.get_sample_value("mailgate_devices", {"mail": each}) for each in ("kept-out", "gets-mail")]  # fmt: skip
    assert shown == [3, 0, 2, 0, 0, 0, 0, 2]


async def test_browsers_are_counted_by_state_and_those_that_are_gone_are_none():
    metrics, missing, silent = Metrics(), BrowserState.MISSING, BrowserState.SILENT
    groups = [
        [
            Group(missing, Heard.DAY, *"abcd", 3),
            Group(missing, Heard.DAY, *"abcx", 4),
            Group(silent, Heard.BEFORE, *"abcd", 1),
        ],
        [],
    ]
    fleet = SimpleNamespace(groups=AsyncMock(side_effect=groups), ending_tokens=AsyncMock(side_effect=[2, 0]))
    shown = []
    for _ in range(2):
        await count_browsers(SimpleNamespace(fleet=fleet), metrics, timedelta(days=3), NOW)
        names = [("mailgate_browsers", {"state": each}) for each in ("missing", "silent", "asleep")]
        names.append(("mailgate_enrolment_tokens_ending", {}))
        shown.append([metrics.registry.get_sample_value(*each) for each in names])
    assert shown == [[7, 1, 0, 2], [0, 0, 0, 0]]
    fleet.groups.assert_awaited_with(NOW, timedelta(days=3))
