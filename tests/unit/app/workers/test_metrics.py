"""The numbers of several workers in one text."""

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mailgate.app.workers.listeners import ALONE
from mailgate.app.workers.metrics import OPEN, WorkerMetrics, merged


def a_worker(count: float) -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("seen", "Seen so far", ["kind"], registry=registry).labels("laptop").inc(count)
    Gauge("open", "Open now", registry=registry).set(count)
    Histogram("seconds", "How long", registry=registry, buckets=(1,)).observe(count)
    return registry


def samples(text):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_every_sample_has_the_number_of_its_worker_and_its_own_value():
    found = samples(merged({n: generate_latest(a_worker(n + 1)).decode() for n in (0, 1)}))
    assert found["seen_total", ("kind", "laptop"), ("worker", "0")] == 1
    assert found["seen_total", ("kind", "laptop"), ("worker", "1")] == 2
    assert found["open", ("worker", "1")] == 2
    assert found["seconds_bucket", ("le", "1.0"), ("worker", "0")] == 1
    assert found["seconds_bucket", ("le", "1.0"), ("worker", "1")] == 0


def test_a_metric_of_all_workers_is_told_in_one_piece():
    text = merged({n: generate_latest(a_worker(1)).decode() for n in (0, 1, 2)}).decode()
    assert text.count("# HELP seen_total ") == 1
    assert text.count("# TYPE seconds histogram") == 1


async def test_a_gate_that_is_alone_tells_its_numbers_as_they_are():
    registry = a_worker(3)
    worker_metrics = WorkerMetrics(ALONE, registry)
    assert (await worker_metrics.metrics())[0] == generate_latest(registry)
    assert await worker_metrics.missing() == []


async def test_workers_that_do_not_answer_are_counted_and_named(tmp_path):
    worker_metrics = WorkerMetrics(replace(ALONE, count=3, folder=tmp_path), a_worker(1))
    told = samples((await worker_metrics.metrics())[0])
    assert told["mailgate_workers_wanted", ("worker", "0")] == 3
    assert told["mailgate_workers_answering", ("worker", "0")] == 1
    assert await worker_metrics.missing() == [1, 2]


@pytest.mark.parametrize(
    ("accept", "takes"),
    [("", False), ("*/*", False), ("text/plain", False), ("application/openmetrics-text", True),
     ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.4", True)],
)  # fmt: skip
async def test_examples_are_told_to_who_takes_them(accept, takes):
    registry = a_worker(1)
    worker_metrics = WorkerMetrics(ALONE, registry, examples=True)
    text, form = await worker_metrics.metrics(accept)
    assert form.startswith("application/openmetrics-text" if takes else "text/plain")
    assert text.endswith(b"# EOF\n") is takes
    assert (await WorkerMetrics(ALONE, a_worker(1)).metrics(accept))[1].startswith("text/plain")


def test_examples_of_all_workers_are_kept():
    registry = CollectorRegistry()
    Histogram("seconds", "How long", registry=registry, buckets=(1,)).observe(0.5, {"trace_id": "abc"})
    text = merged({n: OPEN.write(registry).decode() for n in (0, 1)}, OPEN).decode()
    assert text.count('# {trace_id="abc"} 0.5') == 2
    assert 'worker="1"} 1.0 # {' in text
