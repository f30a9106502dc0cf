"""Metrics of connectors for Prometheus. Labels are names from the settings and words of closed sets."""

from collections.abc import Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge

from mailgate.connectors.protocol import SourceTally
from mailgate.connectors.run import RunOutcome
from mailgate.model import SourceState

_CONNECTOR = ["connector"]


class ConnectorMetrics:
    """Every metric of connectors, in a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "mailgate_connector_runs",
            "Runs of this gate, by result: ok or what was wrong",
            ["connector", "result"],
            registry=registry,
        )
        self._records = Counter(
            "mailgate_connector_records",
            "Records that runs of this gate brought",
            _CONNECTOR,
            registry=registry,
        )
        self._seconds = Counter(
            "mailgate_connector_run_seconds",
            "Seconds that runs of this gate took",
            _CONNECTOR,
            registry=registry,
        )
        self._pages = Counter(
            "mailgate_connector_pages", "Answers that runs of this gate read", _CONNECTOR, registry=registry
        )
        self._throttled = Counter(
            "mailgate_connector_throttled", "Times that a source asked to wait", _CONNECTOR, registry=registry
        )
        self._devices = Gauge(
            "mailgate_connector_devices",
            "Devices that the last full run listed",
            _CONNECTOR,
            registry=registry,
        )
        self._held = Gauge(
            "mailgate_connector_held",
            "Devices that are no longer listed but kept, since too many are missing",
            _CONNECTOR,
            registry=registry,
        )
        self._success = Gauge(
            "mailgate_connector_last_success_timestamp_seconds",
            "When the last successful run of any gate ended, in seconds since 1970; 0 before the first",
            _CONNECTOR,
            registry=registry,
        )
        self._every = Gauge(
            "mailgate_connector_interval_seconds",
            "How often it runs by itself",
            _CONNECTOR,
            registry=registry,
        )
        self._shown: dict[Gauge, set[str]] = {}

    def count(self, name: str, outcome: RunOutcome, tally: SourceTally, seconds: float) -> None:
        """Count one finished run of this gate."""
        self._runs.labels(name, outcome.trouble or "ok").inc()
        self._records.labels(name).inc(outcome.taken)
        self._seconds.labels(name).inc(max(seconds, 0))
        self._pages.labels(name).inc(tally.pages)
        self._throttled.labels(name).inc(tally.throttled)

    def show(self, states: Mapping[str, SourceState], every: Mapping[str, timedelta]) -> None:
        """Show the states of the connectors, whichever gate ran them, and the interval of those on a schedule.

        Connectors that are no longer in the settings are removed.
        """
        for gauge, names in (
            (self._devices, states),
            (self._held, states),
            (self._success, states),
            (self._every, every),
        ):
            for name in self._shown.get(gauge, set()) - names.keys():
                gauge.remove(name)
            self._shown[gauge] = set(names)
        for name, state in states.items():
            self._devices.labels(name).set(state.devices)
            self._held.labels(name).set(state.held)
            self._success.labels(name).set(state.last_success.timestamp() if state.last_success else 0)
        for name, span in every.items():
            self._every.labels(name).set(span.total_seconds())
