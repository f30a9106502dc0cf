"""The same series as the library's own."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from mailgate.gateway.counters import DurationHistogram, ExternalCounter, LabelledCounter

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
