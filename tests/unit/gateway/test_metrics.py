"""What Prometheus reads."""

import pytest
from prometheus_client import generate_latest
from tests.unit.store.examples import NOW

from mailgate.gateway.metrics import Metrics
from mailgate.model import Access, Client, Decision, Effect, Kind, Posture, Reason, RequestFacts


def test_each_gate_counts_for_itself():
    one, other = Metrics(), Metrics()
    one.errors.labels(Reason.UPSTREAM_TIMEOUT).inc()
    assert one.registry.get_sample_value("mailgate_errors_total", {"reason": "upstream-timeout"}) == 1
    assert other.registry.get_sample_value("mailgate_errors_total", {"reason": "upstream-timeout"}) is None


@pytest.mark.parametrize(
    "family", ["decisions", "report_only_matches", "errors", "attestations", "kind_contradictions"]
)
def test_counters_carry_the_name_of_the_program(family):
    assert f"# TYPE mailgate_{family}_total counter" in generate_latest(Metrics().registry).decode()


def test_labels_are_the_words_of_the_model():
    metrics = Metrics()
    access = Access(RequestFacts(), Client(Kind.PHONE, handheld=True), Posture(), NOW)
    metrics.record(access, Decision(Effect.BLOCK, Reason.PROHIBITED_APP, "app", "v1"))
    labels = {"effect": "block", "reason": "prohibited-app", "kind": "phone"}
    assert metrics.registry.get_sample_value("mailgate_decisions_total", labels) == 1


def test_a_watched_number_is_read_when_it_is_scraped():
    metrics, rows = Metrics(), [3]
    metrics.watch("mailgate_rows", "Rows", lambda: rows[0])
    assert metrics.registry.get_sample_value("mailgate_rows") == 3
    rows[0] = 4
    assert metrics.registry.get_sample_value("mailgate_rows") == 4
