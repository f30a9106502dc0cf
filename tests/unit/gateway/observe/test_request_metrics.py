"""Requests in numbers, once they are over."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.openmetrics import exposition as openmetrics
from tests.unit.gateway.wire import exchange

from mailgate.gateway.observe.request_metrics import BUCKETS, RequestMetrics
from mailgate.model import DecisionSummary

BLOCKED = DecisionSummary("block", "prohibited-app", "no-tiktok", "phone", "web", "ada")


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def numbers(registry):
    return RequestMetrics(registry)


async def ended(line=b"GET / HTTP/1.1", **what):
    """A request that has ended as ``what`` says."""
    asked = exchange(line)
    for name, value in what.items():
        setattr(asked, name, value)
    return asked


async def test_a_request_is_counted_by_method_status_and_effect(registry, numbers):
    numbers.request_finished(await ended(judged=BLOCKED, status=403))
    labels = {"method": "GET", "code": "403", "effect": "block"}
    assert registry.get_sample_value("mailgate_requests_total", labels) == 1
    assert registry.get_sample_value("mailgate_request_duration_seconds_count", {"effect": "block"}) == 1


async def test_a_request_without_decision_and_answer_is_counted_as_such(registry, numbers):
    numbers.request_finished(await ended())
    labels = {"method": "GET", "code": "none", "effect": "none"}
    assert registry.get_sample_value("mailgate_requests_total", labels) == 1


async def test_neither_a_client_nor_the_webmail_can_make_up_series(registry, numbers):
    for number in range(9):
        numbers.request_finished(await ended(f"M{number} / HTTP/1.1".encode(), status=900 + number))
    labels = {"method": "other", "code": "other", "effect": "none"}
    assert registry.get_sample_value("mailgate_requests_total", labels) == 9


async def test_the_answer_of_the_webmail_is_told_to_its_verdict(registry):
    told = []
    numbers = RequestMetrics(registry, lambda access, status: told.append((access, status)))
    for status, answered_at, verdict in ((200, 1.0, ("ada", "")), (200, 0.0, ("lin", "")), (200, 1.0, None)):
        numbers.request_finished(await ended(status=status, answered_at=answered_at, verdict=verdict))
    assert told == [("ada", 200)]


async def test_the_time_of_the_webmail_ends_with_its_head(registry, numbers):
    asked = await ended(status=200, judged=BLOCKED)
    asked.asked_at, asked.answered_at = asked.began_at, asked.began_at + 0.3
    numbers.request_finished(asked)
    assert registry.get_sample_value("mailgate_upstream_requests_total", {"code": "200"}) == 1
    assert registry.get_sample_value("mailgate_upstream_duration_seconds_bucket", {"le": "0.25"}) == 0
    assert registry.get_sample_value("mailgate_upstream_duration_seconds_bucket", {"le": "0.5"}) == 1


async def test_an_unanswered_request_is_counted_with_its_wait(registry, numbers):
    asked = await ended(status=504)
    asked.asked_at = asked.began_at - 60
    numbers.request_finished(asked)
    assert registry.get_sample_value("mailgate_upstream_requests_total", {"code": "none"}) == 1
    assert registry.get_sample_value("mailgate_upstream_duration_seconds_bucket", {"le": "30.0"}) == 0


@pytest.mark.parametrize("waits", [{"hangs": True}, {"status": 101}])
async def test_a_hanging_request_or_a_tunnel_has_no_duration(registry, numbers, waits):
    numbers.request_finished(await ended(**{"status": 200, "asked_at": 1.0, "answered_at": 2.0} | waits))
    assert registry.get_sample_value("mailgate_request_duration_seconds_count", {"effect": "none"}) == 0
    assert (
        registry.get_sample_value("mailgate_upstream_requests_total", {"code": str(waits.get("status", 200))})
        == 1
    )
    assert registry.get_sample_value("mailgate_upstream_duration_seconds_count") == 0
    code = str(waits.get("status", 200))
    labels = {"method": "GET", "code": code, "effect": "none"}
    assert registry.get_sample_value("mailgate_requests_total", labels) == 1


async def test_other_listeners_are_told_and_can_be_replaced(numbers):
    told, asked = [], await ended(status=200)
    numbers.others = (told.append,)
    numbers.request_finished(asked)
    numbers.others = ()
    numbers.request_finished(asked)
    assert told == [asked]


@given(
    st.lists(
        st.tuples(st.sampled_from(["allow", "block"]), st.sampled_from([200, 403]), st.booleans()),
        max_size=12,
    )
)
def test_the_series_are_those_of_the_librarys_own_counters(events):
    """Of the same requests."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    numbers = RequestMetrics(ours)
    requests = Counter("mailgate_requests", "", ["method", "code", "effect"], registry=theirs)
    upstream = Counter("mailgate_upstream_requests", "", ["code"], registry=theirs)
    durations = Histogram(
        "mailgate_request_duration_seconds", "", ["effect"], buckets=BUCKETS, registry=theirs
    )
    waited = Histogram("mailgate_upstream_duration_seconds", "", buckets=BUCKETS, registry=theirs)
    for effect, status, passed_on in events:
        asked = SimpleNamespace(
            head=SimpleNamespace(method=b"GET"), status=status, judged=BLOCKED._replace(effect=effect), hangs=False,
            began_at=0.0, asked_at=1.0 if passed_on else 0.0, answered_at=2.0, verdict=None,
        )  # fmt: skip
        numbers.request_finished(asked)
        requests.labels("GET", status, effect).inc()
        durations.labels(effect).observe(9999)
        if passed_on:
            upstream.labels(status).inc()
            waited.observe(1.0)

    def series(registry):
        return {
            (sample.name, *sorted(sample.labels.items())): sample.value
            for metric in registry.collect()
            for sample in metric.samples
            if sample.name != "mailgate_request_duration_seconds_sum"
            and not sample.name.endswith("_created")  # unless the program leaves them out
        }

    assert series(ours) == series(theirs)


async def test_the_last_trace_in_a_bucket_is_its_example(registry, numbers):
    numbers.request_finished(await ended(judged=BLOCKED, status=403))
    numbers.remember("block", 0.3, "ab" * 16, 1.0)
    numbers.remember("block", 0.4, "cd" * 16, 2.0)
    text = openmetrics.generate_latest(registry).decode()
    (line,) = [line for line in text.splitlines() if " # {" in line]
    assert line.startswith('mailgate_request_duration_seconds_bucket{effect="block",le="0.5"}')
    assert line.endswith(f'# {{trace_id="{"cd" * 16}"}} 0.4 2.0')
