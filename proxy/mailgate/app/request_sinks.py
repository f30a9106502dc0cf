"""Where records go besides the store: the receivers of finished requests, traces by the extra ``otel``, and the audit log outside the
store, every entry once for a SIEM, and its head where it stays if somebody rewrites the log."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog

from mailgate.app.workers.listeners import WorkerPlace
from mailgate.atomic_files import write_atomically
from mailgate.config import Address, Settings, SocketFile
from mailgate.config.observing import AccessLogSettings, EventSettings, LogSettings, WitnessSettings
from mailgate.gateway.handler import Gate
from mailgate.gateway.observe.access_log import AccessLog
from mailgate.gateway.observe.line_writer import LineWriter, Sink, to_file, to_standard_error, to_syslog
from mailgate.gateway.observe.ocsf import SecurityEvents, audit_event
from mailgate.gateway.observe.request_metrics import RequestMetrics
from mailgate.http.exchange import Exchange
from mailgate.store import AuditHead
from mailgate.store.audit import Audit

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
    if settings.file:
        yield to_file(settings.file)
    if settings.syslog:
        yield to_syslog(syslog_at(settings.syslog), PRIORITY)


def syslog_at(place: Address | SocketFile) -> str | tuple[str, int]:
    """The path of a socket, or host and port."""
    return str(place.path) if isinstance(place, SocketFile) else (place.host, place.port)


MISSING = "the extra `otel` is not installed; run `pip install 'mailgate[otel]'`"


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


log = structlog.get_logger()


class AuditEvents:
    """Sends the entries of the audit log. Call ``poll`` whenever there are new ones or somebody else wants them.

    ``put`` is called at every poll and returns the function that takes lines, or None while nobody wants them.

    The file ``position`` has the number of the last entry that was sent. If there is no such file, sending begins with the
    next entry, since the entries before can be read in the log.
    """

    def __init__(self, audit: Audit, position: Path, put: Callable[[], Put | None]) -> None:
        self._audit, self._position, self._put = audit, position, put
        self._told: int | None = None
        self._kept: int | None = None

    async def poll(self) -> None:
        """Send new entries. Raises StoreError, and OSError if the number of the last one cannot be written, which is tried again."""
        if self._put() is None:
            self._told = None
            return
        told = await self._begin()
        # who takes them is asked after each page, since a reload may have replaced it meanwhile
        while (page := await self._audit.page(told)) and (put := self._put()):
            for entry in page:
                put(json.dumps(audit_event(entry), separators=(",", ":")).encode() + b"\n")
            told = page[-1].number
            self._keep(told)

    async def _begin(self) -> int:
        """The number of the last entry that counts as sent. If the log ends before that number, it is another log, as after a
        restore, also of a running gate, and all of it is sent."""
        head = await self._audit.head()
        if self._told is None:
            self._told = self._kept = _read(self._position)
        last = head.number if head else self._told or 0  # of a damaged head nothing is concluded
        told = last if self._told is None else self._told if self._told <= last else 0
        self._keep(told)
        return told

    def _keep(self, number: int) -> None:
        self._told = number  # also if it cannot be written, so that no entry is sent twice
        if number != self._kept:
            self._position.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_atomically(self._position, f"{number}\n")
            self._kept = number


def _read(position: Path) -> int | None:
    try:
        return int(position.read_text())
    except (OSError, ValueError):
        return None


NOTE_AGAIN_AFTER, RETRY_AFTER = timedelta(days=1), timedelta(minutes=1)
"""After these times the same head is noted again, and one that could not be noted everywhere is tried again."""


class AuditWitness:
    """Notes the head of the audit log. Call ``poll`` whenever it changes, and each minute. ``settings`` is called for every note."""

    def __init__(
        self, audit: Audit, settings: Callable[[], WitnessSettings | None], clock: Callable[[], datetime]
    ) -> None:
        self._audit = audit
        self._settings = settings
        self._clock = clock
        self._noted: AuditHead | None = None
        self._due: datetime | None = None

    async def poll(self) -> None:
        """Note the head if it has changed, or once a day. Log an error if the log no longer has the head that was noted."""
        head, now = await self._audit.head() or AuditHead(), self._clock()
        if head == self._noted and self._due and now < self._due:
            return
        if self._noted and head != self._noted and not await self._continues(self._noted, head):
            log.error("audit-rewritten", noted=str(self._noted), head=str(head))
        self._noted = head
        self._due = now + (NOTE_AGAIN_AFTER if await self._note(head, now) else RETRY_AFTER)

    async def _continues(self, noted: AuditHead, head: AuditHead) -> bool:
        return noted.number < head.number and await self._audit.has_entry_of(noted)

    async def _note(self, head: AuditHead, now: datetime) -> bool:
        """Note the head. Returns whether it was noted everywhere."""
        log.info("audit-head", head=str(head))
        settings, ways = self._settings(), list[Callable[[], None]]()
        if settings and settings.file:
            ways.append(partial(append_head, settings.file, head, now))
        if settings and settings.syslog:
            send = to_syslog(syslog_at(settings.syslog), PRIORITY)
            ways.append(partial(send, [f"audit-head {head}".encode()]))
        done = [await self._by(way) for way in ways]
        return all(done)

    async def _by(self, way: Callable[[], None]) -> bool:
        try:
            await asyncio.to_thread(way)
        except OSError as error:
            log.error("witness-failed", error=type(error).__name__, why=error.strerror)
            return False
        return True


def append_head(path: Path, head: AuditHead, now: datetime) -> None:
    """Append one line to a file. It is on disk when this returns. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.write(file, f"{now.isoformat(timespec='seconds')} audit-head {head}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
