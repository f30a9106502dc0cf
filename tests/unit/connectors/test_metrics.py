from datetime import timedelta

from prometheus_client import CollectorRegistry
from tests.unit.connectors.around import NOW

from mailgate.connectors.metrics import ConnectorMetrics
from mailgate.connectors.protocol import SourceTally
from mailgate.connectors.run import SourceOutcome
from mailgate.errors import Trouble
from mailgate.model import SourceState


def test_runs_are_counted_by_result():
    registry = CollectorRegistry()
    numbers = ConnectorMetrics(registry)
    numbers.count("mdm", SourceOutcome(full=True, taken=5), SourceTally(pages=3, throttled=1), 2.5)
    numbers.count("mdm", SourceOutcome(Trouble.TIMEOUT), SourceTally(pages=1), -1.0)

    def value(name, **labels):
        return registry.get_sample_value(f"mailgate_connector_{name}", {"connector": "mdm", **labels})

    assert (value("runs_total", result="ok"), value("runs_total", result="timeout")) == (1, 1)
    assert (value("records_total"), value("pages_total"), value("throttled_total")) == (5, 4, 1)
    assert value("run_seconds_total") == 2.5


def test_the_state_of_connectors_is_shown_for_every_gate():
    registry = CollectorRegistry()
    state = SourceState("mdm", last_success=NOW, devices=7, held=2)
    every = {"mdm": timedelta(minutes=15)}
    ConnectorMetrics(registry).show({"mdm": state, "new": SourceState("new")}, every)

    def value(name, connector="mdm"):
        return registry.get_sample_value(f"mailgate_connector_{name}", {"connector": connector})

    assert (value("devices"), value("held"), value("interval_seconds")) == (7, 2, 900)
    assert value("last_success_timestamp_seconds") == NOW.timestamp()
    assert (value("last_success_timestamp_seconds", "new"), value("interval_seconds", "new")) == (0, None)


def test_a_removed_connector_is_shown_no_more():
    """An alarm on devices that it held would go on for ever."""
    registry = CollectorRegistry()
    numbers, state = ConnectorMetrics(registry), SourceState("mdm", last_success=NOW, devices=7, held=2)
    numbers.show({"mdm": state, "new": SourceState("new")}, {"mdm": timedelta(minutes=15)})
    numbers.show({"other": state}, {})

    def names():
        return {each.labels["connector"] for metric in registry.collect() for each in metric.samples}

    assert names() == {"other"}


def test_devices_are_shown_by_kind_and_reach_of_connectors_that_are_there():
    registry = CollectorRegistry()
    numbers = ConnectorMetrics(registry)
    numbers.show_reach({("mdm", "supervised", "complete"): 3, ("gone", "none", "none"): 2}, {"mdm"})
    numbers.show_reach({("mdm", "user-enrolment", "partial"): 1}, {"mdm"})
    [metric] = [each for each in registry.collect() if each.name == "mailgate_connector_devices_by_reach"]
    labels = {"connector": "mdm", "enrolment": "user-enrolment", "reach": "partial"}
    assert [(each.labels, each.value) for each in metric.samples] == [(labels, 1)]
