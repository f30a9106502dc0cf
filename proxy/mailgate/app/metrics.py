"""Metrics that are read from their source whenever they are scraped."""

from collections.abc import Callable
from functools import partial
from time import perf_counter

from mailgate import __version__
from mailgate.app import moment_of
from mailgate.app.public_ports import PublicPorts
from mailgate.gateway.handler import Gate
from mailgate.gateway.metrics import ExternalCounter, Metrics
from mailgate.gateway.streams import lasting
from mailgate.policy.reliefs import Cause
from mailgate.rollout import RulesKeeper
from mailgate.rollout.reliefs import ReliefWatch
from mailgate.store import Backlog, Ledger, Store


def watch_numbers(gate: Gate, ledger: Ledger, keeper: RulesKeeper) -> None:
    """Add numbers of other parts to ``/metrics``."""
    metrics, counts, verdicts = gate.metrics, ledger.counts, gate.verdicts
    metrics.build.info({"version": __version__})
    metrics.config_ok.set(1)
    for name, meaning, read in (
        ("verdicts_hits", "Requests that were answered with a cached verdict", lambda: verdicts.hits),
        ("verdicts_misses", "Requests that were judged in full", lambda: verdicts.misses),
        ("ledger_written", "Sightings written to the store", lambda: counts.written),
        ("ledger_spooled", "Sightings kept on disk while the store was down", lambda: counts.spooled),
        ("ledger_dropped", "Sightings lost", lambda: counts.dropped),
        ("ledger_strangers_not_recorded", _TOO_MANY, lambda: ledger.strangers_not_recorded),
    ):
        ExternalCounter(f"mailgate_{name}", meaning, read, metrics.registry)
    for name, meaning, value in (
        ("crl_next_update_timestamp_seconds", _FIRST_STALE, lambda: first_list_stale_at(gate)),
        ("policy_serial", _DECIDES_BY, lambda: keeper.current.activation.serial),
        ("policy_held", "1 while the files on disk are not in force", lambda: bool(keeper.held)),
    ):
        metrics.watch(f"mailgate_{name}", meaning, value)


_TOO_MANY = "Decisions on strangers, or on one person, that were not recorded, because too many came"
_FIRST_STALE = "When the first revocation list becomes stale, in seconds since 1970; 0 without lists"
_DECIDES_BY = "The serial of the activation that the gate decides by"


def watch_backlogs(metrics: Metrics, store: Store, *, spool: bool) -> None:
    """Add what waits for the store to ``/metrics``. ``spool``: whether this process counts the lines on disk, which only
    one of those that share the folder may do, so that the sum over all is what waits."""
    ledger, reports = store.ledger, store.reports

    def waiting(backlog: Backlog) -> int:
        return backlog.waiting if spool else backlog.in_memory

    metrics.watch(
        "mailgate_ledger_waiting", "Sightings that wait to be written", lambda: waiting(ledger.backlog())
    )
    metrics.watch(
        "mailgate_reports_waiting", "Reports that wait to be written", lambda: waiting(reports.backlog())
    )

    def since() -> float:
        lasting = [each.refused_since for each in (ledger.backlog(), reports.backlog(), store.refusal())]
        first = min((each for each in lasting if each is not None), default=None)
        return 0.0 if first is None else moment_of(first).timestamp()

    refuses = "Since when the store accepts nothing, in seconds since 1970; 0 while it accepts"
    metrics.watch("mailgate_store_refuses_since_timestamp_seconds", refuses, since)


def watch_rules(metrics: Metrics, lingering: Callable[[], dict[str, str]], reliefs: ReliefWatch) -> None:
    """Add the state of the rules in force to ``/metrics``."""
    lingers = "Rules that only report and have no end, or have done so for too long"
    metrics.watch("mailgate_rules_lingering", lingers, lambda: len(lingering()))
    for cause, name in ((Cause.HALT, "halted"), (Cause.BREAK_GLASS, "break_glass")):
        metrics.watch(f"mailgate_rules_{name}", _OFF[cause], partial(_count, reliefs, cause))
    exempt = "Exemptions of people and devices that are in force"
    metrics.watch("mailgate_exemptions", exempt, lambda: len(reliefs.exemptions()))


def watch_requests(metrics: Metrics, ports: PublicPorts) -> None:
    """Add the running requests to ``/metrics``."""
    metrics.watch("mailgate_requests_in_flight", "Requests being served", lambda: ports.running)
    lasts = "Tunnels, requests that wait for mail, and others that have lasted for five seconds"
    metrics.watch("mailgate_requests_lasting", lasts, lambda: len(lasting(ports.carried(), perf_counter())))


_OFF = {
    Cause.HALT: "Rules that went past their own limits and restrict nobody until a person resumes them",
    Cause.BREAK_GLASS: "Rules that a person has turned off for a time",
}


def _count(reliefs: ReliefWatch, cause: Cause) -> int:
    return len({each.rule for each in reliefs.off() if each.cause is cause})


def first_list_stale_at(gate: Gate) -> float:
    """When the first revocation list becomes stale, in seconds since 1970; 0 without lists."""
    certificates = gate.in_force.live.certificates
    end = certificates.revocation.next_update if certificates else None
    return end.timestamp() if end else 0.0
