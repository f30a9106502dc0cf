"""Connects connectors with the settings and the store."""

import asyncio
import random
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import file_digest
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, BinaryIO, TypeAlias

import structlog
from prometheus_client import CollectorRegistry

from mailgate.app import utc_now
from mailgate.config import Bundle
from mailgate.config.sources.every_source import EverySource
from mailgate.config.sources.line import FileSettings
from mailgate.connectors import connector_for
from mailgate.connectors.file import LinesFile
from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.connectors.protocol import Connector, Report, SourceTools
from mailgate.connectors.push import WebhookProofs
from mailgate.connectors.run import Narrowed, SourceOutcome
from mailgate.connectors.runner import DeviceRecheck, Runner, RunOptions
from mailgate.connectors.scheduler import Scheduler
from mailgate.connectors.setup import PolicyStore, PolicyTexts, Setup
from mailgate.console.now.readiness import ConnectorState, connector_state
from mailgate.errors import SourceError, Trouble
from mailgate.gateway.admin_port import Intake
from mailgate.model import CheckResult, SourceState
from mailgate.model.device import Away
from mailgate.policy.people import NO_LOGINS, Logins
from mailgate.rollout.counted_acts import RestrictedDevices, note_import
from mailgate.rollout.guard import Guard, guard_of
from mailgate.store import Act, Postures, Store, StoreError
from mailgate.store.kept_out import NOBODY, KeptOut


class ConnectorStore(PolicyStore):
    """The store as connectors use it. Its errors become ``Trouble.STORE``."""

    def __init__(self, store: Store, logins: Callable[[], Logins] = lambda: NO_LOGINS) -> None:
        self._store = store
        self._logins = logins
        self._holder = secrets.token_hex(8)
        """The name of this gate, new at every start."""

    async def take(self, records: Sequence[Report]) -> None:
        person = self._logins().person
        named = [replace(record, owner=person(record.owner)) for record in records]
        with _translated():
            await self._store.devices.ingest(named, utc_now())

    async def seen_whole(self, source: str, ids: Sequence[str]) -> list[Narrowed]:
        with _translated():
            return [Narrowed(*each) for each in await self._store.connectors.seen_whole(source, ids)]

    async def devices(self, source: str) -> AsyncIterator[list[str]]:
        with _translated():
            async for page in self._store.connectors.devices(source):
                yield page

    async def versions(self, source: str, policy: str) -> dict[int, str]:
        with _translated():
            return await self._store.connectors.versions(source, policy)

    async def keep_versions(self, source: str, policies: PolicyTexts, *, only: bool) -> None:
        with _translated():
            await self._store.connectors.keep_versions(source, policies, only=only)

    async def states(self) -> dict[str, SourceState]:
        with _translated():
            return await self._store.connectors.states()

    async def reach(self) -> dict[tuple[str, str, str], int]:
        with _translated():
            return await self._store.connectors.reach()

    async def note(self, state: SourceState) -> None:
        with _translated():
            await self._store.connectors.note(state)

    async def claim(self, name: str, span: timedelta) -> bool:
        with _translated():
            return await self._store.leases.claim(f"connector {name}", self._holder, span)

    async def release(self, name: str) -> None:
        with _translated():
            await self._store.leases.release(f"connector {name}", self._holder)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StoreError as error:
        raise SourceError(Trouble.STORE) from error


def tools() -> SourceTools:
    """The real clock, real waiting, and random numbers."""
    return SourceTools(utc_now, asyncio.sleep, random.SystemRandom().random)


def runner_for(store: Store, bundle: Callable[[], Bundle], registry: CollectorRegistry) -> Runner:
    """A runner of connectors into this store. ``bundle`` returns the files in force, and is called for every run."""
    source_store = ConnectorStore(store, lambda: bundle().settings.logins)

    def make(name: str, settings: EverySource, tools: SourceTools) -> Connector:
        known, catalog, lag = source_store.devices, bundle().policy.catalog, settings.inventory_lag
        policies = source_store if tools.stores else PolicyStore()
        setup = Setup(name, catalog, tools, known_devices=known, lag=lag, policies=policies)
        return connector_for(setup, settings)

    return Runner(
        make, source_store, tools, ConnectorMetrics(registry), lambda: bundle().policy.catalog.fingerprint
    )


class ConnectorSyncs:
    """The connectors of a running gate. Run ``scheduler.run`` as a task, until the store is closed."""

    def __init__(
        self, store: Store, bundle: Callable[[], Bundle], postures: Postures, registry: CollectorRegistry
    ) -> None:
        self._bundle = bundle
        self._postures = postures
        self.runner = runner_for(store, bundle, registry)
        self.scheduler = Scheduler(self._settings, self.runner, tools(), self._tell)
        self._again = DeviceRecheck(self.runner)
        self._proofs = WebhookProofs(utc_now)

    def health(self) -> dict[str, ConnectorState]:
        """The state of each connector, for ``/readyz``."""
        return {
            name: connector_state(
                self.scheduler.states.get(name),
                self._postures.terms.last_known_for,
                utc_now(),
                each.every if each.scheduled() else None,
            )
            for name, each in self._settings().items()
        }

    async def sync_now(
        self, name: str, *, full: bool, progress: Callable[[int, int | None], None]
    ) -> SourceOutcome | None:
        """Read a source at once, independently of its schedule. Returns None if another gate reads it."""
        settings = self._settings()[name]
        outcome = await self.runner.run(name, settings, RunOptions(full, progress=progress))
        await self._postures.catch_up(utc_now())
        return outcome

    async def check_again(self, source: str, device_id: str) -> CheckResult:
        """Ask this source about this device now, if it can be asked."""
        settings = self._settings().get(source)
        if settings is None:
            return CheckResult.CANNOT
        answer = await self._again.ask(source, settings, device_id)
        # so that the person's next request is decided by the new report
        await self._postures.catch_up(utc_now())
        return answer

    def intake(self, name: str) -> Intake | None:
        """The intake of this connector's source; None if it does not post, or there is no such connector."""
        settings = self._settings().get(name)
        posting = settings.posting() if settings is not None else None
        if settings is None or posting is None:
            return None
        key = posting.key.get_secret_value() if posting.key is not None else ""
        proof = self._proofs.of(name, settings)

        async def take(headers: Mapping[str, str], body: bytes) -> int:
            count = await self.runner.receive(name, settings, headers, body)
            await self._postures.catch_up(utc_now())  # so that the new reports count from the next request on
            return count

        return Intake(key, posting.most, take, proof) if key or proof else None

    def _settings(self) -> Mapping[str, EverySource]:
        return self._bundle().settings.connectors

    def _tell(self, away: Away) -> None:
        if self._postures.terms.away != away:
            self._postures.terms = replace(self._postures.terms, away=away)


ShowProgress = Callable[[int, int | None], None]
OpenLines = Callable[[], AbstractContextManager[BinaryIO]]
HandOutcome: TypeAlias = SourceOutcome | None
"""What came of a source that a person read; None if another gate is reading it."""


@dataclass(frozen=True, slots=True)
class SourceByHand:
    """A source of the settings that a person reads, or hands in devices for, beside the gates. No line is logged of it."""

    name: str
    settings: EverySource
    store: Store
    bundle: Bundle

    def _runner(self) -> Runner:
        quiet = structlog.wrap_logger(structlog.ReturnLogger(), processors=[])
        return replace(runner_for(self.store, lambda: self.bundle, CollectorRegistry()), log=quiet)

    async def sample(self) -> tuple[dict[str, Any], Sequence[str]]:
        """What is found on its first devices, counted, and what it does not tell (``Runner.sample``)."""
        return await self._runner().sample(self.name, self.settings)

    async def read(
        self, act: Act | None, *, full: bool, mark_missing_as_gone: bool, progress: ShowProgress
    ) -> HandOutcome:
        """Read it. Without an ``act`` nothing is stored. Raises RefusedError."""
        everything = full or mark_missing_as_gone or act is None
        options = RunOptions(everything, mark_missing_as_gone, progress, dry=act is None)
        return await self._run(self._runner(), options, act, "without those not listed")

    async def take_in(
        self, lines: OpenLines, act: Act, *, is_csv: bool, mark_missing_as_gone: bool, progress: ShowProgress
    ) -> HandOutcome:
        """Take the devices in these lines: all of them, or none if one is wrong. Raises RefusedError."""
        complete = isinstance(self.settings, FileSettings) and self.settings.complete
        try:
            with _copied(lines) as path:

                def make(name: str, settings: EverySource, tools: SourceTools) -> Connector:
                    setup = Setup(name, self.bundle.policy.catalog, tools, lag=settings.inventory_lag)
                    return LinesFile(setup, path, is_csv=is_csv, complete=complete)

                options = RunOptions(True, mark_missing_as_gone, progress, handed=True)
                return await self._run(replace(self._runner(), make=make), options, act, "file", path)
        except SourceError as error:
            return SourceOutcome(error.trouble, hint=error.hint)

    async def _run(
        self, runner: Runner, options: RunOptions, act: Act | None, sort: str, path: Path | None = None
    ) -> HandOutcome:
        """Run it, if the guard lets pass whom that may newly keep out. The same ``sort`` is what another person has to ask for too."""
        guard = guard_of(self.bundle.settings)
        if act is not None:
            newly, outcome = await self._restricted(runner, options, guard)
            if path is not None:
                same = await asyncio.to_thread(_digest, path) if newly != NOBODY else ""
                sort = f"{sort} {same[:12]}"
            await note_import(self.store, guard, replace(act, at=utc_now()), sort, newly)  # not when it began
            if outcome is not None:
                return outcome
        return await runner.run(self.name, self.settings, options)

    async def _restricted(
        self, runner: Runner, options: RunOptions, guard: Guard | None
    ) -> tuple[KeptOut, SourceOutcome | None]:
        """How many devices may newly be kept out by what a person hands in or lets go, and what went wrong with looking; None if
        nothing did. What a source says by itself does not count. If the guard has a limit, everything is read once more for that."""
        bundle, person = self.bundle, self.bundle.settings.logins.person
        if guard is None or guard.limit is None or not (options.handed or options.mark_missing_as_gone):
            return NOBODY, None
        found = RestrictedDevices(self.store, bundle.policy, bundle.posture_terms, utc_now())

        async def show(records: Sequence[Report]) -> None:
            counting = [each for each in records if options.handed or each.gone]
            await found.take([replace(each, owner=person(each.owner)) for each in counting])

        look = replace(options, dry=True, show=show, progress=RunOptions().progress)
        looked = await runner.run(self.name, self.settings, look)
        looked = looked or SourceOutcome(Trouble.STOPPED, hint="another gate is reading it now")
        return found.count, looked if looked.trouble not in (None, Trouble.GONE) else None


@contextmanager
def _copied(lines: OpenLines) -> Iterator[Path]:
    """A copy of a file or of standard input: what was counted is what is imported. Raises SourceError."""
    with NamedTemporaryFile(suffix=".lines") as copy:
        try:
            with lines() as given:
                shutil.copyfileobj(given, copy)
            copy.flush()
        except OSError as error:
            raise SourceError(Trouble.FILE, (error.strerror or "").lower()) from None
        yield Path(copy.name)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
