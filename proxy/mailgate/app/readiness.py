"""The readiness of a gate: whether it is ready, and its troubles."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailgate import __version__
from mailgate.app import moment_of
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.heartbeat import FoundGates
from mailgate.app.in_force import FilesInForce, RulesInForce
from mailgate.app.reload import Reloader
from mailgate.app.trust import Trust
from mailgate.app.workers.listeners import WorkerPlace
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.config import Bundle
from mailgate.console.now.gates import GateState
from mailgate.console.now.readiness import (
    FilesState,
    OwnWorkers,
    Readiness,
    RulesNow,
    SightingQueue,
    WaitingWrites,
    Writes,
    clock_state,
)
from mailgate.model.phrase import joined
from mailgate.policy.reliefs import Cause, Relief
from mailgate.store import Backlog, Store, StoreError


@dataclass(frozen=True, slots=True)
class ReadinessCheck:
    """The parts of a gate that are asked how they are."""

    files: FilesInForce
    rules: RulesInForce
    store: Store
    trust: Trust
    reloader: Reloader[Bundle]
    connector_syncs: ConnectorSyncs
    worker_metrics: WorkerMetrics
    gates: FoundGates
    place: WorkerPlace
    stopping: asyncio.Event

    async def now(self) -> Readiness:
        """The readiness of a gate. A rejected file or a lost store is shown, but only a stopping gate is not ready."""
        ledger, reports = self.store.ledger, self.store.reports
        counts, refusal = ledger.counts, self.store.refusal()
        waiting, reported = ledger.backlog(), reports.backlog()
        mistakes = self.reloader.mistakes
        return Readiness(
            ready=not self.stopping.is_set(),
            version=__version__,
            workers=await self._workers(),
            gates={each.value: self.gates.states.get(each, 0) for each in GateState},
            policy=self.rules.in_force.live.policy.version,
            rules=self._rules(),
            config=FilesState(state="rejected" if mistakes else "ok", mistakes=mistakes),
            clock=clock_state(self.gates.clock.measured),
            store=await _store(self.store, (waiting, reported, refusal)),
            issuers=self.trust.health(),
            connectors=self.connector_syncs.health(),
            ledger=SightingQueue.taken_from(waiting, counts, ledger, refused_since=_since(waiting)),
            reports=WaitingWrites.taken_from(reported, refused_since=_since(reported)),
            writes=Writes(refused_since=_since(refusal), error=refusal.error),
        )

    async def body(self) -> dict[str, object]:
        """The readiness as ``/readyz`` shows it."""
        return (await self.now()).model_dump(mode="json")

    async def _workers(self) -> OwnWorkers:
        wanted, missing = self.place.count, await self.worker_metrics.missing()
        return OwnWorkers(wanted=wanted, answering=wanted - len(missing), missing=missing)

    def _rules(self) -> RulesNow:
        keeper, reliefs = self.rules.keeper, self.rules.reliefs
        activation = keeper.current.activation
        return RulesNow(
            number=activation.number,
            serial=activation.serial,
            held=keeper.held,
            off=[_off(each) for each in reliefs.off()],
            exemptions=len(reliefs.exemptions()),
            only_report=[joined(each, " ") for each in self.files.lingering().items()],
        )


def _off(relief: Relief) -> str:
    """A rule that is off. Whoever reaches the port reads it, so it has no words of an admin, but those of a halt, which are counts."""
    words = relief.words if relief.cause is Cause.HALT else relief.words_without_why
    return joined((relief.rule, words), ": ")


async def _store(store: Store, backlogs: Iterable[Backlog]) -> Literal["ok", "unwritable", "unavailable"]:
    """Whether the store answers and can be written to. A full disk can still be read."""
    try:
        await store.ping()
    except StoreError:
        return "unavailable"
    return "unwritable" if any(each.refused_since is not None for each in backlogs) else "ok"


def _since(backlog: Backlog) -> datetime | None:
    """Since when the store refuses what waits for it; None if it takes it."""
    since = backlog.refused_since
    return None if since is None else moment_of(since).replace(microsecond=0)
