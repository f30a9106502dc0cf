"""What enrolling and reporting share: where it is stored, who signs, how often anybody may try."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cachetools import LRUCache

from mailgate.attest.hardware import Roots
from mailgate.gateway.own_keys import OwnKeys
from mailgate.gateway.rates import Rates
from mailgate.gateway.revocations import Revocations
from mailgate.model import DeviceRecord
from mailgate.store import EnrolledKey, NotEnrolled


class Enrolments(Protocol):
    """Where enrolment is stored (``store/enrolments.py``)."""

    async def enrol(
        self, digest: bytes, thumbprint: str, device: str, now: datetime
    ) -> EnrolledKey | NotEnrolled: ...

    async def key(self, thumbprint: str) -> EnrolledKey | None: ...

    async def reported(self, thumbprint: str, now: datetime) -> bool: ...


class Records(Protocol):
    """Where what a source says of devices is stored (``store/devices.py``)."""

    async def take(self, records: Sequence[DeviceRecord], now: datetime) -> object: ...


@dataclass(slots=True)
class Enroller:
    """One for a gate. ``match_app`` finds a listed app; it and ``extensions`` are replaced with the catalogue."""

    enrolments: Enrolments
    keys: OwnKeys
    revocations: Revocations
    match_app: Callable[[str, str], str | None]
    new_id: Callable[[], str]
    """A new name for every token, which nobody can guess."""
    failed: Rates
    """Refused tries, by caller (``rates.py``) and by the token that was tried."""
    reports: Rates
    """Reports, by key."""
    devices: Records
    """Where it is stored what hardware vouches for."""
    hardware: Mapping[str, Roots] = field(default_factory=dict)
    """Whose evidence is believed, by format; replaced with the settings."""
    extensions: tuple[str, ...] = ()
    """Ids of listed browser extensions, which whoever reports is asked about."""
    known: MutableMapping[str, bool] = field(default_factory=lambda: LRUCache(50_000))
    """Keys that have reported here."""

    def limit(self, most: int, span: timedelta) -> None:
        """Take a changed setting; what was counted so far counts on."""
        for rates in (self.failed, self.reports):
            rates.most, rates.span = most, span
