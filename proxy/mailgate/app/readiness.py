"""How a gate stands: ready or not, and what is wrong with it."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Protocol as Shape

from mailgate import __version__
from mailgate.app.beating import Beating
from mailgate.app.parts import utc_now
from mailgate.app.syncing import Syncing
from mailgate.app.trust import Trust
from mailgate.app.workers.place import Place
from mailgate.app.workers.siblings import Siblings
from mailgate.config import Bundle
from mailgate.gateway.handler import Gate
from mailgate.gateway.reload import Reloader
from mailgate.rollout import Keeper
from mailgate.rollout.relief_watch import ReliefWatch
from mailgate.store import Backlog, Store, StoreError
from mailgate.telling.gates import Standing


class Running(Shape):
    """What is asked of a service (``app/service.py``)."""

    store: Store
    keeper: Keeper
    trust: Trust
    gate: Gate
    reliefs: ReliefWatch
    reloader: Reloader[Bundle]
    syncing: Syncing
    stopping: bool
    place: Place
    siblings: Siblings
    beating: Beating | None

    def lingering(self) -> dict[str, str]: ...


async def readiness(service: Running) -> dict[str, object]:
    """The body of ``/readyz``. A rejected file or a lost store is shown; only a stopping gate is not ready."""
    ledger, reports = service.store.ledger, service.store.reports
    counts, refusal = ledger.counts, service.store.refusal()
    backlogs = ledger.backlog(), reports.backlog()
    missing = await service.siblings.missing()
    return {
        "ready": not service.stopping,
        "version": __version__,
        "workers": {
            "wanted": service.place.of,
            "answering": service.place.of - len(missing),
            "missing": missing,
        },
        "gates": {each.value: service.beating.standings[each] if service.beating else 0 for each in Standing},
        "policy": service.gate.in_force.live.policy.version,
        "rules": {
            "number": service.keeper.current.activation.number,
            "serial": service.keeper.current.activation.serial,
            "held": service.keeper.held,
            "off": [f"{each.rule}: {each}" for each in service.reliefs.off()],
            "exemptions": len(service.reliefs.exemptions()),
            "only_report": [f"{rule} {why}" for rule, why in service.lingering().items()],
        },
        "config": {
            "state": "rejected" if service.reloader.mistakes else "ok",
            "mistakes": service.reloader.mistakes,
        },
        "store": await _store(service.store, (*backlogs, refusal)),
        "issuers": service.trust.health(),
        "connectors": service.syncing.health(),
        "ledger": {
            "written": counts.written,
            "spooled": counts.spooled,
            "dropped": counts.dropped,
            "passed_over": ledger.passed_over,
            **_told(backlogs[0]),
        },
        "reports": _told(backlogs[1]),
        "writes": _refused(refusal),
    }


async def _store(store: Store, backlogs: Iterable[Backlog]) -> str:
    """Whether it answers, and takes what is to be written: a full disk can be read."""
    try:
        await store.ping()
    except StoreError:
        return "unavailable"
    return "unwritable" if any(each.refused_for is not None for each in backlogs) else "ok"


def _told(backlog: Backlog) -> dict[str, object]:
    return {"waiting": backlog.waiting, **_refused(backlog)}


def _refused(backlog: Backlog) -> dict[str, object]:
    since = None if backlog.refused_for is None else utc_now() - timedelta(seconds=backlog.refused_for)
    return {"refused_since": since and since.isoformat(timespec="seconds"), "error": backlog.error}
