"""The audit log for a SIEM: each gate sends each entry once, also those from while it was not running."""

import json
from collections.abc import Callable
from pathlib import Path

import structlog

from mailgate.app.repeating import repeat
from mailgate.atomic_files import write_atomically
from mailgate.gateway.observe.ocsf import audit_event
from mailgate.store.audit import Audit

log = structlog.get_logger()

POLL_SECONDS = 1.0
"""The seconds between two looks at the log."""

Put = Callable[[bytes], None]


class AuditEvents:
    """Sends the entries of the audit log. Run ``run`` as a task.

    ``put`` is called at every poll and returns the function that takes lines, or None while nobody wants them.

    The file ``position`` has the number of the last entry that was sent. If there is no such file, sending begins with the
    next entry, since the entries before can be read in the log.
    """

    def __init__(self, audit: Audit, position: Path, put: Callable[[], Put | None]) -> None:
        self._audit, self._position, self._put = audit, position, put
        self._told: int | None = None

    async def run(self) -> None:
        """Poll regularly, until cancelled."""
        await repeat(self.poll, POLL_SECONDS, failed=lambda error: log.error("audit-not-told", error=error))

    async def poll(self) -> None:
        """Send new entries. Raises StoreError."""
        put = self._put()
        if put is None:
            self._told = None
            return
        told = await self._begin() if self._told is None else self._told
        while page := await self._audit.page(told):
            for entry in page:
                put(json.dumps(audit_event(entry), separators=(",", ":")).encode() + b"\n")
            told = page[-1].number
            self._keep(told)

    async def _begin(self) -> int:
        """The number of the last entry that counts as sent. If the log ends before that number, it is another log, as after a
        restore, and all of it is sent."""
        head, told = await self._audit.head(), _read(self._position)
        last = head.number if head else 0
        if told is None or told > last:
            self._keep(last if told is None else 0)
        else:
            self._told = told
        assert self._told is not None
        return self._told

    def _keep(self, number: int) -> None:
        self._position.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._position, f"{number}\n")
        self._told = number


def _read(position: Path) -> int | None:
    try:
        return int(position.read_text())
    except (OSError, ValueError):
        return None
