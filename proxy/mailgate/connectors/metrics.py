"""Metrics of connectors for Prometheus. Labels are names from the settings and words of closed sets."""

from collections.abc import Container, Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge

from mailgate.connectors.protocol import SourceTally
from mailgate.connectors.run import SourceOutcome
from mailgate.model import SourceState


class ConnectorMetrics:
    """Every metric of connectors, in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            return Counter(f"mailgate_connector_{name}", meaning, ["connector", *labels], registry=registry)

        def gauge(name: str, meaning: str) -> Gauge:
            return Gauge(f"mailgate_connector_{name}", meaning, ["connector"], registry=registry)

        self._runs = counter("runs", "Runs of this gate, by result: ok or what was wrong", "result")
        self._records = counter("records", "Records that runs of this gate brought")
        self._seconds = counter("run_seconds", "Seconds that runs of this gate took")
        self._pages = counter("pages", "Answers that runs of this gate read")
        self._throttled = counter("throttled", "Times that a source asked to wait")
        self._devices = gauge("devices", "Devices that the last full run listed")
        self._held = gauge("held", "Devices that are no longer listed but kept, since too many are missing")
        self._success = gauge(
            "last_success_timestamp_seconds",
            "When the last successful run of any gate ended, in seconds since 1970; 0 before the first",
        )
        self._every = gauge("interval_seconds", "How often it runs by itself")
        self._reach = Gauge(
            "mailgate_connector_devices_by_reach",
            "Devices by how they are enrolled, and by how much of their apps the source sees",
            ["connector", "enrolment", "reach"],
            registry=registry,
        )
        self._shown: dict[Gauge, set[str]] = {}

    def count(self, name: str, outcome: SourceOutcome, tally: SourceTally, seconds: float) -> None:
        self._runs.labels(name, outcome.trouble or "ok").inc()
        self._records.labels(name).inc(outcome.taken)
        self._seconds.labels(name).inc(max(seconds, 0))
        self._pages.labels(name).inc(tally.pages)
        self._throttled.labels(name).inc(tally.throttled)

    def show_reach(self, counts: Mapping[tuple[str, str, str], int], names: Container[str]) -> None:
        """Show how many devices each of these connectors has of each kind, and sees whole, in part or not at all."""
        self._reach.clear()
        for labels, count in counts.items():
            if labels[0] in names:
                self._reach.labels(*labels).set(count)

    def show(self, states: Mapping[str, SourceState], every: Mapping[str, timedelta]) -> None:
        """Show the states of the connectors, whichever gate ran them, and the interval of those on a schedule.

        Connectors that are no longer in the settings are removed.
        """
        shown = (self._devices, states), (self._held, states), (self._success, states), (self._every, every)
        for gauge, names in shown:
            for name in self._shown.get(gauge, set()) - names.keys():
                gauge.remove(name)
            self._shown[gauge] = set(names)
        for name, state in states.items():
            self._devices.labels(name).set(state.devices)
            self._held.labels(name).set(state.held)
            self._success.labels(name).set(state.last_success.timestamp() if state.last_success else 0)
        for name, span in every.items():
            self._every.labels(name).set(span.total_seconds())
