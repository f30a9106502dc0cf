"""The revoked keys. Every gate knows of a revocation within a second, whichever gate made it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from mailgate.store import StoreError
from mailgate.store.enrolments import Enrolments

log = structlog.get_logger()

POLL_SECONDS = 0.5
"""The pause between two looks in seconds."""
_OVERLAP = timedelta(minutes=10)
"""How far back a poll goes, since the clocks of the machines that revoke keys differ."""
_FULL_READ_EVERY = timedelta(minutes=1)
"""How often all revocations are read, whatever the clocks say."""


class Revocations(set[str]):
    """The thumbprints of revoked keys. The set only grows, since a revoked key stays revoked."""

    def __init__(self, enrolments: Enrolments, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._enrolments = enrolments
        self._clock = clock
        self._whole_at: datetime | None = None

    async def poll(self) -> None:
        """Learn what was revoked since the last poll. Raises StoreError."""
        now = self._clock()
        whole = self._whole_at is None or abs(now - self._whole_at) >= _FULL_READ_EVERY
        self.update(await self._enrolments.revoked(None if whole else now - _OVERLAP))
        if whole:
            self._whole_at = now

    async def run(self) -> None:
        """Poll regularly, until cancelled. While the store cannot be reached, the known revocations are used."""
        away = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
                away = False
            except StoreError as error:
                if not away:
                    log.warning("revocations-not-read", error=type(error).__name__)
                away = True
