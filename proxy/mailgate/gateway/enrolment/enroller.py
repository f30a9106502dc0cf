"""The state that enrolling and reporting share: the store, the signing keys, and the limits on tries."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cachetools import LRUCache

from mailgate.devices.device import Report
from mailgate.gateway.keys.own import OwnKeys
from mailgate.gateway.keys.revocations import Revocations
from mailgate.gateway.rate_limit import RateLimit
from mailgate.store import EnrolledKey, NotEnrolled


class Enrolments(Protocol):
    """The store of enrolments (``store/enrolments.py``)."""

    async def enrol(
        self, digest: bytes, thumbprint: str, device: str, now: datetime
    ) -> EnrolledKey | NotEnrolled: ...

    async def key(self, thumbprint: str) -> EnrolledKey | None: ...

    async def reported(self, thumbprint: str, now: datetime) -> bool: ...


class Records(Protocol):
    """The store of reports about devices (``store/devices.py``)."""

    async def ingest(self, records: Sequence[Report], now: datetime) -> object: ...


@dataclass(slots=True)
class Enroller:
    """The enrolment state of one gate."""

    enrolments: Enrolments
    keys: OwnKeys
    revocations: Revocations
    new_id: Callable[[], str]
    """Makes a new name for every token. Nobody can guess it."""
    failed: RateLimit
    """Counts refused tries, by caller (``gateway/rate_limit.py``) and by the token that was tried."""
    reports: RateLimit
    """Counts reports, by key."""
    devices: Records
    """Stores the reports from hardware evidence."""
    known: MutableMapping[str, bool] = field(default_factory=lambda: LRUCache(50_000))
    """Keys that have reported here."""

    def limit(self, most: int, span: timedelta) -> None:
        """Use a changed limit. The tries counted so far stay counted."""
        for rates in (self.failed, self.reports):
            rates.max_tries, rates.span = most, span
