"""Runs a connector at one of several gates, under a lease, and asks a source about one device for a person."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

import structlog
from cachetools import TTLCache
from structlog.typing import FilteringBoundLogger

from mailgate.config.sources.every_source import ApiSourceSettings, EverySource
from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.connectors.protocol import (
    Connector,
    ReadsOneDevice,
    ReceivesPosts,
    SourceTally,
    SourceTools,
    WakesDevices,
)
from mailgate.connectors.run import (
    BATCH,
    HARMLESS,
    ReportStore,
    Run,
    SourceOutcome,
    changes_since,
    may_hold,
    state_after,
)
from mailgate.connectors.setup import ApiConnector
from mailgate.devices.device import Report
from mailgate.devices.names import EAS, SERIAL
from mailgate.devices.trust import report_by
from mailgate.errors import SourceError, Trouble
from mailgate.model import CheckResult, SourceState
from mailgate.model.times import only_forward
from mailgate.tasks import end, run_to_end

REACH = "kinds-of-enrolment"
"""Another word whenever connectors change which devices they call seen whole, so that every device is read again."""
LEASE = timedelta(seconds=60)
"""How long a gate that is gone keeps its lease."""
_LOOK_SECONDS = 2.0
"""The seconds between two looks at a run that goes on."""


class SourceStore(ReportStore, Protocol):
    """The data that all gates keep between runs. Every method may raise ``SourceError`` with ``Trouble.STORE``."""

    async def states(self) -> dict[str, SourceState]:
        """The state of every connector that ever ran."""
        ...

    async def reach(self) -> dict[tuple[str, str, str], int]:
        """How many devices each source has of each kind of enrolment and reach."""
        ...

    async def note(self, state: SourceState) -> None:
        """Store the state of a connector."""
        ...

    async def claim(self, name: str, span: timedelta) -> bool:
        """Claim a connector for ``span`` from now. Returns whether this gate may run it."""
        ...

    async def release(self, name: str) -> None:
        """Let another gate run it."""
        ...


SAMPLE = 500
"""How many devices are read to try a source."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    full: bool = False
    """Whether to read everything, even if changes would be enough."""
    mark_missing_as_gone: bool = False
    """Whether to treat devices that are no longer listed as gone, however many they are."""
    progress: Callable[[int, int | None], None] = lambda _done, _total: None
    """Called with the number of records so far, and of all records if known."""
    handed: bool = False
    """Whether a person hands in the devices instead of the source, so that a failure says nothing of the source."""
    dry: bool = False
    """Whether nothing is stored, to see what a run would bring."""
    show: Callable[[Sequence[Report]], Awaitable[None]] | None = None
    """With ``dry``, gets what would be stored."""


@dataclass(frozen=True)
class Runner:
    """Runs a connector unless another gate does."""

    make: Callable[[str, EverySource, SourceTools], Connector]
    store: SourceStore
    tools: Callable[[], SourceTools]
    """Made for every run, with its own tally."""
    numbers: ConnectorMetrics
    listed: Callable[[], str]
    """The fingerprint of the listed apps: ``AppCatalog.fingerprint``."""
    log: FilteringBoundLogger = field(default_factory=structlog.get_logger)

    async def run(
        self,
        name: str,
        settings: EverySource,
        options: RunOptions = RunOptions(),
        *,
        unless: Callable[[SourceState], bool] | None = None,
    ) -> SourceOutcome | None:
        """Run it now. Returns None if another gate runs it, or if ``unless`` holds for its state."""
        try:
            if not await self.store.claim(name, LEASE):
                return None
            try:
                return await self._under_lease(name, settings, options, unless)
            finally:
                await run_to_end(self._release(name))
        except SourceError as error:
            self.log.warning("connector-failed", connector=name, trouble=error.trouble, records=0)
            return SourceOutcome(error.trouble, hint=error.hint, status=error.status)

    async def receive(self, name: str, settings: EverySource, headers: Mapping[str, str], body: bytes) -> int:
        """Store a posted message, all of it or nothing. Returns the number of records. Raises ``SourceError``."""
        tools = replace(self.tools(), stores=True)
        connector = self.make(name, settings, tools)
        try:
            assert isinstance(connector, ReceivesPosts)
            records = await connector.receive(headers, body)
            for start in range(0, len(records), BATCH):
                await run_to_end(self.store.take(records[start : start + BATCH]))
        finally:
            await connector.close()
        outcome = SourceOutcome(taken=len(records), gone=sum(each.gone for each in records))
        if (
            not settings.scheduled()
        ):  # else the state is that of the runs, and a call does not put off the next run
            state, now = (await self.store.states()).get(name) or SourceState(name), tools.now()
            await self.store.note(state_after(state, outcome, now, now, state.listed))
        self.numbers.count(name, outcome, tools.tally, 0.0)
        return len(records)

    async def sample(self, name: str, settings: EverySource) -> tuple[dict[str, Any], Sequence[str]]:
        """What is known of the first devices of a source, counted, and what keeps its verdicts from meaning what they should. Nothing is
        stored or logged. Raises SourceError."""
        tools, seen = self.tools(), list[Report]()
        connector = self.make(name, settings, tools)
        try:
            async with aclosing(connector.devices(None)) as records:
                async for record in records:
                    seen.append(record)
                    if len(seen) == SAMPLE:
                        break
            short = await connector.shortcomings() if isinstance(connector, ApiConnector) else ()
        except SourceError:
            raise
        except Exception as error:  # noqa: BLE001 - its text may quote the source
            fault = SourceError(Trouble.FAULT)
            fault.details = where_it_failed(error)
            raise fault from None
        finally:
            await connector.close()
        return count_facts(seen) | {"of": tools.tally.total, "unreadable": tools.tally.unreadable}, short

    async def _under_lease(
        self,
        name: str,
        settings: EverySource,
        options: RunOptions,
        unless: Callable[[SourceState], bool] | None,
    ) -> SourceOutcome | None:
        state = (await self.store.states()).get(name) or SourceState(name)
        if unless is not None and unless(state):
            return None
        tools = replace(self.tools(), stores=not options.dry)
        started, listed = tools.now(), self._looked_for(settings)
        start = None if options.full else changes_since(state, settings, started, listed)
        if options.dry:
            return await self._read(name, settings, tools, start, options, holds=True)
        idle = replace(state, running_since=None, retrying="", retry_at=None)
        running = idle if options.handed else replace(idle, running_since=started)
        if running != state:
            await self.store.note(running)
        try:
            read = self._read(name, settings, tools, start, options, holds=may_hold(state, started))
            outcome = await self._while_ours(running, read, tools)
        except asyncio.CancelledError:
            await run_to_end(self._note(idle))
            raise
        if outcome.trouble is Trouble.STOPPED:
            return outcome  # the lease was lost: another gate runs the connector, and stores its state
        ended = tools.now()
        if not options.handed or (outcome.trouble in HARMLESS and idle.failing_since is None):
            await self.store.note(state_after(idle, outcome, started, ended, listed))
        self.numbers.count(name, outcome, tools.tally, (ended - started).total_seconds())
        self._say(name, outcome, tools.tally)
        return outcome

    def _looked_for(self, settings: EverySource) -> str:
        """The fingerprint of what a run looks for. If it changes, everything is read again: nearly every setting decides what an answer
        means, and what was stored under another one would count until it runs out."""
        return " ".join([self.listed(), REACH, sha256(repr(settings).encode()).hexdigest()[:16]])

    async def _read(
        self,
        name: str,
        settings: EverySource,
        tools: SourceTools,
        start: datetime | None,
        options: RunOptions,
        *,
        holds: bool,
    ) -> SourceOutcome:
        """One run, and a second one that reads everything if the source no longer knows the changes."""
        connector = None
        try:
            connector = self.make(name, settings, tools)
            run = Run(
                name,
                connector,
                _Nothing(self.store, options.show) if options.dry else self.store,
                tools.tally,
                100 if options.mark_missing_as_gone else settings.most_gone,
                settings.run_timeout if isinstance(settings, ApiSourceSettings) else None,
                lambda done: options.progress(done, tools.tally.total),
                holds=(options.dry and not options.handed)
                or (holds and isinstance(settings, ApiSourceSettings)),
                handed=options.handed,
            )
            outcome = await run.go(start if connector.tells_changes else None)
            if outcome.trouble is Trouble.CURSOR and start is not None:
                return await self._read(name, settings, tools, None, options, holds=holds)
            return outcome
        except SourceError as error:
            return SourceOutcome(error.trouble, hint=error.hint, status=error.status)
        except Exception as error:  # noqa: BLE001 - one source must not end all; its text may quote the source
            kind, *where = where_it_failed(error)
            self.log.error("connector-fault", connector=name, error=kind, where=where)
            return SourceOutcome(Trouble.FAULT, details=(kind, *where))
        finally:
            if connector is not None:
                await connector.close()

    async def _while_ours(
        self, state: SourceState, work: Coroutine[Any, Any, SourceOutcome], tools: SourceTools
    ) -> SourceOutcome:
        """Renew the lease while the work runs, and store for what it waits. If the lease is lost, end the work."""
        loop, lease = asyncio.get_running_loop(), LEASE.total_seconds()
        task, renewed = loop.create_task(work), loop.time()
        try:
            while True:
                await asyncio.wait({task}, timeout=min(lease / 3, _LOOK_SECONDS))
                if task.done():
                    return task.result()
                waits = replace(state, retrying=tools.tally.retrying, retry_at=tools.tally.retry_at)
                if waits != state:
                    await self._note(waits)
                    state = waits
                now = loop.time()
                if now - renewed < lease / 3:
                    continue
                if await self._renew(state.name):
                    renewed = now
                elif now - renewed > lease / 2:
                    self.log.warning("connector-lease-lost", connector=state.name)
                    return SourceOutcome(Trouble.STOPPED)
        finally:
            await end(task)

    async def _note(self, state: SourceState) -> None:
        """Store the state of a run that goes on or was ended, if the store answers."""
        with suppress(SourceError):
            await self.store.note(state)

    async def _renew(self, name: str) -> bool:
        try:
            return await self.store.claim(name, LEASE)
        except SourceError:
            return False

    async def _release(self, name: str) -> None:
        try:
            await self.store.release(name)
        except SourceError:
            self.log.warning("connector-lease-kept", connector=name)  # the lease expires by itself

    def _say(self, name: str, outcome: SourceOutcome, tally: SourceTally) -> None:
        if outcome.narrowed:
            self.log.warning("connector-sees-less", connector=name, devices=len(outcome.narrowed))
        if outcome.held:
            self.log.error("connector-devices-held", connector=name, held=outcome.held, records=outcome.taken)
        elif outcome.trouble:
            self.log.warning(
                "connector-failed", connector=name, trouble=outcome.trouble, records=outcome.taken
            )
        else:
            self.log.info(
                "connector-ran",
                connector=name,
                full=outcome.full,
                records=outcome.taken,
                gone=outcome.gone,
                pages=tally.pages,
                throttled=tally.throttled,
                unreadable=tally.unreadable,
            )


class _Nothing:
    """A store that knows everything and takes nothing."""

    def __init__(
        self, store: ReportStore, show: Callable[[Sequence[Report]], Awaitable[None]] | None
    ) -> None:
        self.devices = store.devices
        self.seen_whole = store.seen_whole
        self._show = show

    async def take(self, records: Sequence[Report]) -> None:
        """Store nothing."""
        if self._show is not None:
            await self._show(records)


def count_facts(seen: Sequence[Report]) -> dict[str, Any]:
    """How many of these devices have each important fact, as plain data."""
    looked = [report for report in seen if report.reported_at]
    times = [report.reported_at for report in looked if report.reported_at]
    kinds = [{kind for kind, _ in report.names} for report in seen]
    return {
        "devices": len(seen),
        "with_eas_id": sum(EAS in each for each in kinds),
        "with_owner": sum(bool(report.owner) for report in seen),
        "with_serial": sum(SERIAL in each for each in kinds),
        "kinds": dict(Counter(str(report.kind or "unknown") for report in seen)),
        "enrolments": dict(Counter(str(report.enrolment) for report in seen)),
        "verdicts": dict(Counter(str(report.compliance) for report in seen)),
        "with_all_apps": sum(bool(report.apps_complete) for report in looked),
        "with_some_apps": sum(not report.apps_complete for report in looked),
        "without_apps": len(seen) - len(looked),
        "listed_apps": dict(Counter(app for report in looked for app in sorted(report.apps))),
        "newest_report": max(times, default=None),
        "oldest_report": min(times, default=None),
    }


def where_it_failed(error: Exception) -> tuple[str, ...]:
    """The kind of an error and the lines of code that led to it, without its text, which may quote the source."""
    return (type(error).__name__, *traceback.format_tb(error.__traceback__)[-3:])


PAUSE = timedelta(seconds=60)
"""How long the same device is not asked about again."""
_TIMEOUT_SECONDS = 20.0
"""The most seconds that a person has to wait."""
_CACHE_SIZE = 100_000


class DeviceRecheck:
    """Asks sources about single devices, each at most once in ``PAUSE``."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._asked: TTLCache[tuple[str, str], bool] = TTLCache(
            _CACHE_SIZE, PAUSE.total_seconds(), only_forward(runner.tools().now)
        )

    async def ask(self, name: str, settings: EverySource, device_id: str) -> CheckResult:
        """Ask the source of the connector ``name`` about the device that it calls ``device_id``."""
        tools = replace(self._runner.tools(), stores=True)
        connector = self._runner.make(name, settings, tools)
        try:
            if not isinstance(connector, ReadsOneDevice | WakesDevices) or not settings.scheduled():
                return CheckResult.CANNOT
            if (name, device_id) in self._asked:
                return CheckResult.WAIT
            self._asked[name, device_id] = True
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                if isinstance(connector, WakesDevices):
                    await connector.wake(device_id)
                    return CheckResult.ASKED
                record = await connector.device(device_id)
            if record is not None and record.id != device_id:
                raise SourceError(Trouble.SHAPE)
            gone = report_by(name, device_id, gone=True)
            await run_to_end(self._runner.store.take([record or gone]))
            return CheckResult.TAKEN if record else CheckResult.GONE
        except SourceError as error:
            return CheckResult.CANNOT if error.trouble is Trouble.NAME else CheckResult.FAILED
        except TimeoutError:
            return CheckResult.FAILED
        finally:
            await connector.close()
