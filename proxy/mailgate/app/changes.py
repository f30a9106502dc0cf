"""The one look at the store for changes: every part that waits for a change in it is woken by this."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import structlog

from mailgate.console.devices.mail_status import MailAccess
from mailgate.gateway.metrics import Metrics
from mailgate.model import DEVICE_FINDINGS
from mailgate.store import Store, StoreError
from mailgate.store.changes import ChangeNumbers
from mailgate.store.fleet import BrowserState

log = structlog.get_logger()

POLL_SECONDS = 0.25
"""The seconds between two looks at the store. A hanging request is judged again every half
second, so a change reaches it within one second."""


class Look(NamedTuple):
    """One look at the store. ``numbers`` is None if it did not answer."""

    at: datetime
    """Read before the store was asked, so that no change is missed."""
    numbers: ChangeNumbers | None


Concern = Callable[[ChangeNumbers], object]
"""What of the numbers concerns a part."""
OF_AUDIT, OF_DEVICES = attrgetter("audit"), attrgetter("devices")


class ChangeDispatcher:
    """Looks at the store, and wakes who follows. Run ``run``, and ``follow`` for each part, as tasks."""

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store, self._clock, self._sleep = store, clock, sleep
        self._last: Look | None = None
        self._news = asyncio.Condition()
        self._is_away = False

    async def run(self) -> None:
        """Look regularly, until cancelled."""
        while True:
            look = await self.look()
            async with self._news:
                self._last = look
                self._news.notify_all()
            await self._sleep(POLL_SECONDS)

    async def look(self) -> Look:
        """Look now. Nothing is raised: a store that does not answer has no numbers."""
        now = self._clock()
        try:
            look = Look(now, await self._store.change_numbers())
        except Exception as error:  # noqa: BLE001 - the next look must come after any error
            if not self._is_away:
                log.warning("changes-unread", error=type(error).__name__)
            look = Look(now, None)
        self._is_away = look.numbers is None
        return look

    async def follow(
        self,
        part: str,
        work: Callable[[Look], Awaitable[object]],
        of: Concern | None = None,
        *,
        each_minute: bool = False,
    ) -> None:
        """Do ``work`` whenever a look differs from that of the last work in what concerns it, and ``each_minute``; with neither at
        each look, whether the store answered or not. Runs until cancelled.

        After an error it is done again at the next look. It is logged once. One of the store counts from the second time in a row at
        which the store has answered the look: else the store is away, and the next look says so.
        """
        last, seen, trouble, refused = None, None, "", 0
        while True:
            last, concern = await self._next(last, seen, of, each_minute=each_minute)
            try:
                await work(last)
                seen, trouble, refused = concern, "", 0
            except Exception as error:  # noqa: BLE001 - the next change must be taken after any error
                of_store, seen = isinstance(error, StoreError), None
                refused = refused + 1 if of_store and last.numbers else 0
                if of_store and refused < 2:
                    continue
                before, trouble = trouble, type(error).__name__
                if trouble != before:
                    log.error("changes-failed", part=part, error=trouble)

    async def _next(
        self, last: Look | None, seen: object, of: Concern | None, *, each_minute: bool
    ) -> tuple[Look, object]:
        """The newest look after ``last`` that differs in what concerns a part, and what it shows of that."""
        async with self._news:
            while True:
                look = self._last
                if look and look is not last and not of and not each_minute:
                    return look, None
                if look and look is not last and look.numbers:
                    minute = look.at.replace(second=0, microsecond=0) if each_minute else None
                    concern = (of(look.numbers) if of else None, minute)
                    if concern != seen:
                        return look, concern
                await self._news.wait()


async def count_devices(store: Store, metrics: Metrics) -> None:
    """Show how many devices get what of mail, and findings about them. Raises StoreError; the last counts then stay."""
    counted = await store.devices.counted_findings()
    for reason in DEVICE_FINDINGS:
        metrics.device_findings.labels(reason).set(counted.get(reason, 0))
    getting = await store.rows.by_mail()
    for mail in MailAccess:
        metrics.devices.labels(mail).set(getting[mail])


async def count_browsers(store: Store, metrics: Metrics, silent_after: timedelta, now: datetime) -> None:
    """Show the number of browsers in each state, and of tokens that run out. Raises StoreError; the last count then stays."""
    counted = Counter[BrowserState]()
    for each in await store.fleet.groups(now, silent_after):
        counted[each.state] += each.browsers
    for state in BrowserState:
        metrics.browsers.labels(state.value).set(counted[state])
    metrics.tokens_ending.set(await store.fleet.ending_tokens(now))
