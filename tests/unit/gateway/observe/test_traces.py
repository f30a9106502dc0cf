"""Spans of requests that are over."""

import pytest
from tests.unit.gateway.wire import exchange

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.trace import SpanKind
from opentelemetry.trace.status import StatusCode

from mailgate.gateway.observe.traces import TraceOptions, Traces
from mailgate.model import DecisionSummary

PARENT = b"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
BLOCKED = DecisionSummary("block", "prohibited-app", "no-tiktok", "phone", "web", "ada@example.com")
PRIVATE = ("secret", "1234", "ada@", "192.0.2.7", "Mozilla")


@pytest.fixture
def spans():
    return []


def tracing(spans, *include, share=1.0, trusted=False, bits=5):
    told = TraceOptions(share, include, "https://mail.example.com", "http://inner:9080", "gate-1")
    return Traces(told, spans.append, lambda _: bits, lambda _: trusted)


async def ended(*fields, **what):
    asked = exchange(b"GET /secret/1?token=1234 HTTP/1.1", b"User-Agent: Mozilla/5.0", *fields)
    for name, value in what.items():
        setattr(asked, name, value)
    return asked


async def test_a_refusal_is_one_span_that_names_nobody(spans):
    tracing(spans).request_finished(await ended(judged=BLOCKED, status=403, reference="REF2345"))
    (span,) = spans
    assert (span.kind, span.name, span.status.status_code) == (SpanKind.SERVER, "GET", StatusCode.UNSET)
    assert dict(span.attributes) == {
        "http.request.method": "GET", "http.response.status_code": 403, "url.scheme": "https",
        "server.address": "mail.example.com", "server.port": 443, "mailgate.effect": "block",
        "mailgate.reason": "prohibited-app", "mailgate.rule": "no-tiktok", "mailgate.kind": "phone",
        "mailgate.protocol": "web", "mailgate.reference": "REF2345",
    }  # fmt: skip
    assert span.start_time <= span.end_time
    assert [word for word in PRIVATE if word in span.to_json()] == []


async def test_facts_asked_for_have_the_names_of_the_conventions(spans):
    tracing(spans, "path", "name", "address", "user_agent").request_finished(
        await ended(judged=BLOCKED, status=403)
    )
    found = spans[0].attributes
    names = ("url.path", "user.name", "client.address", "user_agent.original")
    assert [found[name] for name in names] == ["/secret/1", "ada@example.com", "192.0.2.7", "Mozilla/5.0"]
    assert "1234" not in spans[0].to_json()


async def test_the_question_to_the_webmail_is_a_span_in_it(spans):
    asked = await ended(judged=BLOCKED, status=200)
    asked.asked_at, asked.answered_at = asked.began_at + 0.1, asked.began_at + 0.35
    tracing(spans).request_finished(asked)
    asks, serves = spans
    assert (asks.kind, asks.parent.span_id, asks.context.trace_id) == (SpanKind.CLIENT, serves.context.span_id, serves.context.trace_id)  # fmt: skip
    assert asks.end_time - asks.start_time == pytest.approx(0.25e9, rel=1e-3)
    assert dict(asks.attributes) == {"http.request.method": "GET", "http.response.status_code": 200, "server.address": "inner", "server.port": 9080}  # fmt: skip


@pytest.mark.parametrize(
    ("what", "errors"),
    [
        ({"status": 504, "failed": "upstream-timeout", "asked_at": 1.0}, ["upstream-timeout"] * 2),
        ({"status": 502, "asked_at": 1.0, "answered_at": 2.0}, ["502"] * 2),
        ({"status": 404, "asked_at": 1.0, "answered_at": 2.0}, ["404", None]),
        ({"status": 0, "failed": "internal-error"}, ["internal-error"]),
        ({"status": 400, "failed": "request-malformed"}, [None]),
        ({"status": 0, "asked_at": 1.0}, ["_OTHER", None]),
    ],
)
async def test_errors_are_those_of_whoever_made_them(spans, what, errors):
    tracing(spans).request_finished(await ended(**what))
    assert [span.attributes.get("error.type") for span in spans] == errors
    wrong = [span.status.status_code is StatusCode.ERROR for span in spans]
    assert wrong == [error is not None for error in errors]


async def test_a_method_that_is_made_up_is_not_told(spans):
    tracing(spans).request_finished(exchange(b"MADE-UP / HTTP/1.1"))
    assert (spans[0].name, spans[0].attributes["http.request.method"]) == ("HTTP", "_OTHER")


@pytest.mark.parametrize(
    ("share", "trusted", "told"), [(0.0, False, 0), (1.0, False, 1), (0.0, True, 1), (1.0, True, 1)]
)
async def test_beyond_the_share_only_a_trusted_caller_is_traced(spans, share, trusted, told):
    tracing(spans, share=share, trusted=trusted).request_finished(await ended(PARENT))
    assert len(spans) == told


@pytest.mark.parametrize(("bits", "told"), [(2**31 - 1, 1), (2**31, 0)])
async def test_half_of_the_traces_are_those_that_chance_gives(spans, bits, told):
    tracing(spans, share=0.5, bits=bits).request_finished(await ended())
    assert len(spans) == told


async def test_the_span_handed_on_is_the_span_told(spans):
    traces, asked = tracing(spans), await ended(PARENT, asked_at=1.0, answered_at=2.0, status=200)
    head = traces.mark(asked, b"GET / HTTP/1.1\r\n\r\n")
    assert traces.mark(asked, b"GET / HTTP/1.1\r\n\r\n") == head
    traces.request_finished(asked)
    assert f"-{spans[0].context.span_id:016x}-01".encode() in head
    assert f"{spans[1].context.trace_id:032x}" == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert (spans[1].parent.span_id, spans[1].parent.is_remote) == (0x00F067AA0BA902B7, True)


async def test_durations_that_tell_something_get_an_example(spans):
    traces, examples = tracing(spans), []
    traces._remember = lambda *example: examples.append(example)
    traces.request_finished(await ended(judged=BLOCKED, status=403))
    traces.request_finished(await ended(status=101))
    traces.request_finished(await ended(status=200, hangs=True))
    ((effect, seconds, trace, _),) = examples
    assert (effect, trace) == ("block", f"{5:032x}")
    assert 0 <= seconds < 60
