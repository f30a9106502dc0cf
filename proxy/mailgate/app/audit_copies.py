"""The audit log outside the store: every entry once for a SIEM, and the head noted where it stays if somebody rewrites the log."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from mailgate.app.request_sinks import PRIORITY, syslog_at
from mailgate.atomic_files import write_atomically
from mailgate.config.observing import WitnessSettings
from mailgate.gateway.observe.line_writer import to_syslog
from mailgate.gateway.observe.ocsf import audit_event
from mailgate.store import AuditHead
from mailgate.store.audit import Audit

log = structlog.get_logger()

Put = Callable[[bytes], None]


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
            ways.append(partial(to_file, settings.file, head, now))
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


def to_file(path: Path, head: AuditHead, now: datetime) -> None:
    """Append one line to a file. It is on disk when this returns. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        os.write(file, f"{now.isoformat(timespec='seconds')} audit-head {head}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)
