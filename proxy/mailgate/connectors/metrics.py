"""Numbers of connectors for Prometheus. Labels are names from the settings and words of closed sets."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from mailgate.connectors.run import Outcome
from mailgate.connectors.runtime import Tally
from mailgate.model import SourceState

_CONNECTOR = ["connector"]


class Numbers:
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
            "mailgate_connector_seconds", "Seconds that runs of this gate took", _CONNECTOR, registry=registry
        )
        self._pages = Counter(
            "mailgate_connector_pages", "Answers that runs of this gate read", _CONNECTOR, registry=registry
        )
        self._throttled = Counter(
            "mailgate_connector_throttled", "Times that a source asked to wait", _CONNECTOR, registry=registry
        )
        self._devices = Gauge(
            "mailgate_connector_devices",
            "Devices that the last full run named",
            _CONNECTOR,
            registry=registry,
        )
        self._held = Gauge(
            "mailgate_connector_held",
            "Devices that are no longer named, but too many to be believed gone",
            _CONNECTOR,
            registry=registry,
        )
        self._age = Gauge(
            "mailgate_connector_last_success_age_seconds",
            "Seconds since the last run that succeeded, of whatever gate",
            _CONNECTOR,
            registry=registry,
        )
        self._shown: set[str] = set()

    def count(self, name: str, outcome: Outcome, tally: Tally, seconds: float) -> None:
        """One run of this gate has ended."""
        self._runs.labels(name, outcome.trouble or "ok").inc()
        self._records.labels(name).inc(outcome.taken)
        self._seconds.labels(name).inc(max(seconds, 0))
        self._pages.labels(name).inc(tally.pages)
        self._throttled.labels(name).inc(tally.throttled)

    def show(self, states: Mapping[str, SourceState], now: datetime) -> None:
        """Show the states of the connectors, whichever gate ran them. Connectors that are no longer in the settings
        are removed."""
        for name in self._shown - states.keys():
            for gauge in (self._devices, self._held, self._age):
                gauge.remove(name)
        self._shown = set(states)
        for name, state in states.items():
            self._devices.labels(name).set(state.devices)
            self._held.labels(name).set(state.held)
            if state.last_success is not None:
                self._age.labels(name).set((now - state.last_success).total_seconds())
