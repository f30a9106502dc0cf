"""Makes OpenTelemetry traces: a span for each sampled request, and in it a span for the request to the webmail.

Spans are made after their request is finished, with the ids that were passed on meanwhile. They follow the stable semantic
conventions for HTTP. A thread of the SDK with a bounded queue sends them.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.status import Status, StatusCode
from requests import Session

from mailgate import __version__
from mailgate.gateway.observe.access_log import CLIENT_FACTS
from mailgate.gateway.observe.request_metrics import METHODS
from mailgate.http.exchange import Exchange, Parent, Trace, parent_in, with_trace
from mailgate.http.grammar import values

TIMEOUT_SECONDS = 5.0
"""How many seconds the receiver has to accept a batch of spans."""
MAX_QUEUED = 2048
"""The most spans that wait to be sent. Further spans are lost."""
_ATTRIBUTES = {
    "path": "url.path",
    "name": "user.name",
    "address": "client.address",
    "user_agent": "user_agent.original",
}
_SCOPE = InstrumentationScope("mailgate", __version__)
_Attributes = dict[str, str | int]

Example = Callable[[str, float, str, float], None]
"""Takes an example of a duration: the effect, the seconds, the trace, the moment in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class TraceOptions:
    share: float
    """The share that is sent of the traces that begin at this gate."""
    include: Collection[str]
    public_url: str
    upstream: str
    instance: str


class Traces:
    """Makes spans. ``emit`` takes a span, ``draw`` returns that many random bits, and ``trusted`` says which peers may set sampling."""

    def __init__(
        self,
        told: TraceOptions,
        emit: Callable[[ReadableSpan], None],
        draw: Callable[[int], int],
        trusted: Callable[[str], bool],
        end: Callable[[], None] = lambda: None,
        remember: Example = lambda *_: None,
    ) -> None:
        self._told, self._emit, self._draw, self._trusted, self._end = told, emit, draw, trusted, end
        self._remember = remember
        names = {
            "service.name": "mailgate",
            "service.version": __version__,
            "service.instance.id": told.instance,
        }
        self._resource = Resource(names)

    def mark(self, exchange: Exchange, head: bytes) -> bytes:
        return with_trace(head, self._of(exchange))

    def request_finished(self, exchange: Exchange) -> None:
        trace = self._of(exchange)
        if not trace.sampled:
            return
        now, ended = time.perf_counter(), time.time_ns()

        def at(moment: float) -> int:
            return ended - int((now - moment) * 1e9)

        if exchange.asked_at:
            end = at(exchange.answered_at or now)
            self._emit(self._span(exchange, trace, SpanKind.CLIENT, at(exchange.asked_at), end))
        self._emit(self._span(exchange, trace, SpanKind.SERVER, at(exchange.began_at), ended))
        if not exchange.hangs and exchange.status != 101:
            effect = exchange.judged.effect if exchange.judged else "none"
            self._remember(effect, now - exchange.began_at, f"{trace.trace:032x}", ended / 1e9)

    def stop(self) -> None:
        self._end()

    def _of(self, exchange: Exchange) -> Trace:
        """The trace of a request: either its parent's or a new one."""
        if exchange.trace is None:
            parent = parent_in(values(exchange.head.fields, b"traceparent"))
            trace = parent.trace if parent else self._draw(128) or 1
            sampled = self._is_sampled(exchange, parent)
            exchange.trace = Trace(trace, self._draw(64) or 1, self._draw(64) or 1, sampled, parent)
        return exchange.trace

    def _is_sampled(self, exchange: Exchange, parent: Parent | None) -> bool:
        if parent and self._trusted(exchange.peer):
            return parent.sampled
        return self._draw(32) < self._told.share * 2**32

    def _span(self, exchange: Exchange, trace: Trace, kind: SpanKind, start: int, end: int) -> ReadableSpan:
        serves = kind is SpanKind.SERVER
        method = METHODS.get(exchange.head.method, "")
        found = self._of_server(exchange) if serves else self._of_client(exchange)
        failed = found.get("error.type")
        return ReadableSpan(
            method or "HTTP",
            context=_context(trace.trace, trace.span if serves else trace.asking, is_remote=False),
            parent=_parent(trace, serves=serves),
            resource=self._resource,
            attributes={"http.request.method": method or "_OTHER", **found},
            kind=kind,
            status=Status(StatusCode.ERROR) if failed else Status(StatusCode.UNSET),
            start_time=start,
            end_time=end,
            instrumentation_scope=_SCOPE,
        )

    def _of_server(self, exchange: Exchange) -> _Attributes:
        found, judged = _address(self._told.public_url), exchange.judged
        found["url.scheme"] = (
            exchange.origin.scheme if exchange.origin else urlsplit(self._told.public_url).scheme
        )
        if exchange.status:
            found["http.response.status_code"] = exchange.status
        if exchange.failed or exchange.status >= 500:  # a refusal is not a failure of the server
            broken = exchange.status >= 500 or not exchange.status
            found |= {"error.type": exchange.failed or str(exchange.status)} if broken else {}
        if judged:
            found |= {
                f"mailgate.{name}": getattr(judged, name)
                for name in ("effect", "reason", "rule", "kind", "protocol")
            }
        if exchange.reference:
            found["mailgate.reference"] = exchange.reference
        return found | {_ATTRIBUTES[name]: CLIENT_FACTS[name](exchange) for name in self._told.include}

    def _of_client(self, exchange: Exchange) -> _Attributes:
        found = _address(self._told.upstream)
        if not exchange.answered_at:
            return found | {"error.type": exchange.failed or "_OTHER"}
        found["http.response.status_code"] = exchange.status
        return found | ({"error.type": str(exchange.status)} if exchange.status >= 400 else {})


def _address(url: str) -> _Attributes:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return {"server.address": parts.hostname or "", "server.port": port}


def _parent(trace: Trace, *, serves: bool) -> SpanContext | None:
    if not serves:
        return _context(trace.trace, trace.span, is_remote=False)
    return _context(trace.trace, trace.parent.span, is_remote=True) if trace.parent else None


def _context(trace: int, span: int, *, is_remote: bool) -> SpanContext:
    return SpanContext(trace, span, is_remote=is_remote, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def otlp_traces(
    endpoint: str,
    told: TraceOptions,
    draw: Callable[[int], int],
    trusted: Callable[[str], bool],
    remember: Example,
) -> Traces:
    """Make traces for a receiver of OTLP over HTTP."""
    session = Session()
    session.trust_env = False  # proxies in the environment and .netrc are ignored
    exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=TIMEOUT_SECONDS, session=session)
    processor = BatchSpanProcessor(
        exporter, MAX_QUEUED, schedule_delay_millis=1000, max_export_batch_size=512
    )
    return Traces(told, processor.on_end, draw, trusted, processor.shutdown, remember)
