"""Connects the receivers of finished requests that the settings name, traces by the extra ``otel`` among them."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mailgate.app.workers.listeners import WorkerPlace
from mailgate.config import Address, Settings, SocketFile
from mailgate.config.observing import AccessLogSettings, EventSettings, LogSettings
from mailgate.gateway.handler import Gate
from mailgate.gateway.observe.access_log import AccessLog
from mailgate.gateway.observe.line_writer import LineWriter, Sink, to_file, to_standard_error, to_syslog
from mailgate.gateway.observe.ocsf import SecurityEvents
from mailgate.gateway.observe.request_metrics import RequestMetrics
from mailgate.http.exchange import Exchange

if TYPE_CHECKING:
    from mailgate.gateway.live import InForce
    from mailgate.gateway.observe.request_metrics import Tracing


Put = Callable[[bytes], None]
"""Takes one line."""
PRIORITY = 10 * 8 + 5
"""The syslog priority: authpriv, notice (RFC 5424, section 6.2.1)."""


class RequestSinks:
    """Run it as long as requests run, and ``take`` the settings of each reload."""

    def __init__(self, gate: Gate, place: WorkerPlace) -> None:
        self._gate, self._place = gate, place
        self._taken: tuple[LogSettings, EventSettings | None] | None = None
        self._writing: list[LineWriter] = []
        self.audit: Put | None = None
        """Takes events of the audit log; None while nobody wants them."""

    def take(self, settings: Settings) -> None:
        """Use these settings from the next request on."""
        asked = settings.log, settings.events
        if asked == self._taken:
            return
        before, self._writing, self._taken, self.audit = self._writing, [], asked, None
        self._gate.requests.others = tuple(self._others(settings))
        for each in before:
            each.close()

    @asynccontextmanager
    async def running(self, settings: Settings) -> AsyncIterator[None]:
        """Use these settings until the body ends; then write what waits. Later events are sent after the next start."""
        try:
            self.take(settings)
            yield
        finally:
            await self.stop()

    async def stop(self) -> None:
        self.audit = None
        for each in self._writing:
            await asyncio.to_thread(each.finish)
        if self._gate.tracing:
            await asyncio.to_thread(self._gate.tracing.stop)

    def _others(self, settings: Settings) -> Iterator[Callable[[Exchange], None]]:
        if self._gate.tracing:
            yield self._gate.tracing.request_finished
        if settings.log.access:
            yield self._access_log(settings.log.access).request_finished
        if settings.events:
            put = _to_each([self._lines("events", way).put for way in event_sinks(settings.events)])
            self.audit = put if settings.events.audit else None
            if settings.events.decisions != "none":
                host = urlsplit(settings.public_url).hostname
                yield self._security_events(put, settings.events, host).request_finished

    def _access_log(self, settings: AccessLogSettings) -> AccessLog:
        lines = self._lines("access", to_file(settings.file) if settings.file else to_standard_error)
        return AccessLog(lines.put, settings.include, self._gate.clock, self._place.number)

    def _security_events(self, put: Put, settings: EventSettings, host: str | None) -> SecurityEvents:
        every = settings.decisions == "all"
        return SecurityEvents(put, settings.include, self._gate.clock, host or "", all_of_them=every)

    def _lines(self, name: str, way: Sink) -> LineWriter:
        lost = self._gate.metrics.lines_lost.labels(name)
        lines = LineWriter(name, way, lost.inc)
        lines.start()
        self._writing.append(lines)
        return lines


def _to_each(puts: list[Put]) -> Put:
    def put(line: bytes) -> None:
        for each in puts:
            each(line)

    return put


def event_sinks(settings: EventSettings) -> Iterator[Sink]:
    """The receivers of events."""
    if settings.file:
        yield to_file(settings.file)
    if settings.syslog:
        yield to_syslog(syslog_at(settings.syslog), PRIORITY)


def syslog_at(place: Address | SocketFile) -> str | tuple[str, int]:
    """The path of a socket, or host and port."""
    return str(place.path) if isinstance(place, SocketFile) else (place.host, place.port)


MISSING = "the extra `otel` is not installed; expected `pip install 'mailgate[otel]'`"


def can_trace() -> bool:
    """Whether the extra is installed."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def tracing_for(settings: Settings, in_force: "InForce", requests: RequestMetrics) -> "Tracing | None":
    """The tracing of these settings; None if they have none."""
    if settings.traces is None:
        return None
    from mailgate.gateway.observe.traces import TraceOptions, otlp_traces  # needs the extra `otel`
    from mailgate.http.trusted_headers import is_proxy

    traces, process = settings.traces, f"{gethostname()}-{os.getpid()}"
    told = TraceOptions(traces.share, traces.include, settings.public_url, settings.upstream, process)

    def trusts(peer: str) -> bool:
        return is_proxy(peer, in_force.live.trusted)

    return otlp_traces(traces.endpoint, told, secrets.randbits, trusts, requests.remember)
