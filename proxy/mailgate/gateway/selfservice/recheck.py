"""Asks the sources of one device now, for a person who has just fixed something."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from mailgate.devices.device import Device, Report
from mailgate.gateway.pages.employee import AskedSource, SourceResult
from mailgate.model import CheckResult

MAX_CONCURRENT = 8
"""The most questions at the same time, for all people together."""
TIMEOUT_SECONDS = 5.0
"""The most seconds that somebody waits for their turn."""

Ask = Callable[[str, str], Awaitable[CheckResult]]
"""Asks a source about one of its devices and stores the answer (``app/connectors.py``)."""
NameOf = Callable[[str], str]
"""The display name of a listed app."""
Slot = tuple[str, str]
"""A source and its own id for a device."""

_CAME = {
    CheckResult.ASKED: SourceResult.ASKED,
    CheckResult.GONE: SourceResult.UNKNOWN,
    CheckResult.WAIT: SourceResult.TOO_SOON,
    CheckResult.FAILED: SourceResult.SILENT,
}


async def ask_nobody(_source: str, _device_id: str) -> CheckResult:
    return CheckResult.CANNOT


class Recheck:
    """Asks all sources of a device at the same time. If too many others are asked, a source is not
    asked at all, so that nobody waits long."""

    def __init__(self, source: Ask = ask_nobody, patience: float | None = TIMEOUT_SECONDS) -> None:
        self.source = source
        self._patience = patience
        self._turns = asyncio.Semaphore(MAX_CONCURRENT)

    async def ask(self, reports: Sequence[Report]) -> dict[Slot, CheckResult]:
        """Ask every source that has the device. Returns the results by source and id."""
        slots = [report.key for report in reports if not report.gone]
        return dict(zip(slots, await asyncio.gather(*map(self._in_turn, slots)), strict=True))

    async def _in_turn(self, slot: Slot) -> CheckResult:
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            return CheckResult.FAILED
        try:
            return await self.source(*slot)
        finally:
            self._turns.release()


def answers_of(
    came: Mapping[Slot, CheckResult], devices: Sequence[Device], name_of: NameOf
) -> tuple[AskedSource, ...]:
    """The answers for people. ``devices`` already has the new reports."""
    asked = {slot: again for slot, again in came.items() if again is not CheckResult.CANNOT}
    if not asked:
        return (AskedSource(SourceResult.NOBODY),)
    reports = {report.key: report for device in devices for report in device.reports}
    return tuple(
        source_answer(reports[slot], name_of)
        if again is CheckResult.TAKEN and slot in reports
        else AskedSource(_CAME.get(again, SourceResult.SILENT), slot[0])
        for slot, again in asked.items()
    )


def source_answer(report: Report, name_of: NameOf) -> AskedSource:
    """The meaning of a source's newest report for the owner of the device."""
    if not (report.is_dated or report.apps):
        return AskedSource(SourceResult.UNSEEN, report.source)
    if report.apps:
        names = tuple(map(name_of, sorted(report.apps)))
        return AskedSource(SourceResult.FOUND, report.source, names, report.reported_at, report.lag)
    came = SourceResult.CLEAR if report.saw_device else SourceResult.PARTLY
    return AskedSource(came, report.source, looked_at=report.reported_at, lag=report.lag)
