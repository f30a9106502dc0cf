"""What Prometheus reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from tests.unit.store.examples import NOW

from mailgate.gateway.metrics import DurationHistogram, ExternalCounter, LabelledCounter, Metrics
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


BOUNDS = (0.00002, 0.001, 1.0)


def series(registry):
    return {
        (sample.name, *sample.labels.items()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }


@given(st.lists(st.one_of(st.sampled_from(BOUNDS), st.floats(0, 10)), max_size=20))
def test_the_series_are_those_of_the_librarys_own_histogram(seconds):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    durations = DurationHistogram("took_seconds", "How long", BOUNDS, ours)
    histogram = Histogram("took_seconds", "How long", buckets=BOUNDS, registry=theirs)
    for each in seconds:
        durations.observe(each)
        histogram.observe(each)
    assert series(ours) == series(theirs)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), max_size=20))
def test_counts_have_the_series_of_the_librarys_own_counter(events):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = LabelledCounter("seen", "How often", ("one", "other"), ours)
    counter = Counter("seen", "How often", ["one", "other"], registry=theirs)
    for event in events:
        tallies.add(event)
        counter.labels(*event).inc()
    assert series(ours) == series(theirs)


def test_an_external_count_is_read_when_it_is_scraped():
    registry, rows = CollectorRegistry(), [3]
    ExternalCounter("rows", "Rows", lambda: rows[0], registry)
    assert registry.get_sample_value("rows_total") == 3
    rows[0] = 4
    assert registry.get_sample_value("rows_total") == 4
