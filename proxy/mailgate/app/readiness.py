"""The readiness of a gate: whether it is ready, and its troubles."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Protocol

from mailgate import __version__
from mailgate.app.clock import moment_of
from mailgate.app.connectors import ConnectorSyncs
from mailgate.app.heartbeat import Heartbeat
from mailgate.app.reload import Reloader
from mailgate.app.trust import Trust
from mailgate.app.workers.metrics import WorkerMetrics
from mailgate.app.workers.place import WorkerPlace
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
from mailgate.gateway.handler import Gate
from mailgate.model.phrase import joined
from mailgate.rollout import RulesKeeper
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.store import Backlog, Store, StoreError


class ObservedGate(Protocol):
    """The parts of a service (``app/service.py``) that are asked."""

    store: Store
    keeper: RulesKeeper
    trust: Trust
    gate: Gate
    reliefs: ReliefWatch
    reloader: Reloader[Bundle]
    connector_syncs: ConnectorSyncs
    stopping: bool
    place: WorkerPlace
    worker_metrics: WorkerMetrics
    heartbeat: Heartbeat | None

    def lingering(self) -> dict[str, str]: ...


async def readiness(service: ObservedGate) -> Readiness:
    """The readiness of a gate. A rejected file or a lost store is shown, but only a stopping gate is not ready."""
    ledger, reports = service.store.ledger, service.store.reports
    counts, refusal = ledger.counts, service.store.refusal()
    waiting, reported = ledger.backlog(), reports.backlog()
    mistakes, gate_states = (
        service.reloader.mistakes,
        service.heartbeat.gate_states if service.heartbeat else {},
    )
    return Readiness(
        ready=not service.stopping,
        version=__version__,
        workers=await _workers(service),
        gates={each.value: gate_states.get(each, 0) for each in GateState},
        policy=service.gate.in_force.live.policy.version,
        rules=_rules(service),
        config=FilesState(state="rejected" if mistakes else "ok", mistakes=mistakes),
        clock=clock_state(service.heartbeat.numbers.clock.measured if service.heartbeat else None),
        store=await _store(service.store, (waiting, reported, refusal)),
        issuers=service.trust.health(),
        connectors=service.connector_syncs.health(),
        ledger=SightingQueue(
            written=counts.written,
            spooled=counts.spooled,
            dropped=counts.dropped,
            strangers_not_recorded=ledger.strangers_not_recorded,
            waiting=waiting.waiting,
            refused_since=_since(waiting),
            error=waiting.error,
        ),
        reports=WaitingWrites(waiting=reported.waiting, refused_since=_since(reported), error=reported.error),
        writes=Writes(refused_since=_since(refusal), error=refusal.error),
    )


async def body_of_readyz(service: ObservedGate) -> dict[str, object]:
    """The readiness as ``/readyz`` shows it."""
    return (await readiness(service)).model_dump(mode="json")


async def _workers(service: ObservedGate) -> OwnWorkers:
    wanted, missing = service.place.count, await service.worker_metrics.missing()
    return OwnWorkers(wanted=wanted, answering=wanted - len(missing), missing=missing)


def _rules(service: ObservedGate) -> RulesNow:
    activation = service.keeper.current.activation
    return RulesNow(
        number=activation.number,
        serial=activation.serial,
        held=service.keeper.held,
        off=[joined((each.rule, each.words), ": ") for each in service.reliefs.off()],
        exemptions=len(service.reliefs.exemptions()),
        only_report=[joined(each, " ") for each in service.lingering().items()],
    )


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
