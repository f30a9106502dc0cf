"""The statuses of those who ask again and again, from memory.

Who asks is recognised and judged each time, so a proof that was revoked, a rule, a relief and every finding count as for mail. What
else the status is made of (``_MadeOf``) is looked up each time too, in memory: devices and phones there are up to date, or else the
store is asked (``store/postures.py``, ``store/person_records.py``). Only if all of it is what it was, and no moment has come at which time
alone changes a verdict in it, are the words those that were told before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cachetools import LRUCache

from mailgate.devices.device import Device
from mailgate.gateway.live import InForce, Live
from mailgate.gateway.pages.proofs import clock_off, shown_refusal
from mailgate.gateway.selfservice.own_devices import (
    AskingRequest,
    OwnDevice,
    are_theirs,
    devices_in_memory,
    devices_to_show,
    judged,
    verdict_here,
)
from mailgate.gateway.selfservice.status import StatusWords, status_of, told
from mailgate.policy.decision_key import DecisionKey
from mailgate.store import Postures, StoreUnavailableError, UnreportedPhone
from mailgate.store.person_records import UnreportedPhones

MAX_STATUSES = 16_384
"""How many statuses are remembered: of ten thousand browsers that ask all the time, and of pages that are open."""


class _Objects(NamedTuple):
    """What is compared by identity, since it is replaced when it changes: two devices may be equal and still be kept for different
    times."""

    live: Live
    terms: object
    catalog: object
    devices: Sequence[Device]

    def are(self, others: "_Objects") -> bool:
        """Whether these are the same objects."""
        mine, theirs = ((*each[:3], *each.devices) for each in (self, others))
        return len(mine) == len(theirs) and all(one is other for one, other in zip(mine, theirs, strict=True))


@dataclass(frozen=True, slots=True)
class _Kept:
    """A status with what it was made of, and the time in which nothing but that changes it."""

    objects: _Objects
    values: tuple[object, ...]
    since: datetime
    until: datetime
    status: StatusWords


class Statuses:
    """Tells the status of those who ask."""

    def __init__(self, in_force: InForce, known: Postures, phones: UnreportedPhones) -> None:
        self.phones = phones
        self._in_force, self._known = in_force, known
        self._kept: LRUCache[tuple[str, ...], _Kept] = LRUCache(MAX_STATUSES)
        self._by: tuple[Live, DecisionKey] | None = None

    async def of(self, asking: AskingRequest) -> StatusWords:
        """The status of who asks. If the store has to be asked and does not answer, it has no devices but the one that has just proved
        itself."""
        now, name = asking.access.now, asking.person.name
        try:
            devices = await devices_in_memory(asking, self._known)
            phones = await self.phones.of(name, devices, now) if name else []
        except StoreUnavailableError:
            return self._told(asking, ())
        objects = _Objects(self._in_force.live, self._known.terms, self._known.catalog, devices)
        values = self._values(asking, devices, phones)
        who = name, asking.proven, asking.access.facts.user_agent
        kept = self._kept.get(who)
        if (
            kept is not None
            and kept.since <= now < kept.until
            and kept.objects.are(objects)
            and kept.values == values
        ):
            return kept.status
        owned = judged(asking, are_theirs(asking, devices, self._known), phones, self._known)
        status, until = self._told(asking, owned), self._until(asking, devices, owned)
        if until > now:
            self._kept[who] = _Kept(objects, values, now, until, status)
        return status

    def _told(self, asking: AskingRequest, owned: tuple[OwnDevice, ...]) -> StatusWords:
        here, shown = verdict_here(asking, owned), devices_to_show(asking, owned)
        return told(status_of(*here, shown, self._in_force.live.keep))

    def _values(
        self, asking: AskingRequest, devices: Sequence[Device], phones: Sequence[UnreportedPhone]
    ) -> tuple[object, ...]:
        access = asking.access
        return (
            access.client,
            access.posture,
            asking.decision,
            shown_refusal(access),
            clock_off(access),
            access.facts.scheme,
            access.facts.host,
            *[self._known.worth(device, access.now) for device in devices],
            *phones,
        )

    def _until(
        self, asking: AskingRequest, devices: Sequence[Device], owned: Sequence[OwnDevice]
    ) -> datetime:
        """The first moment at which time alone changes a verdict in it; now, if it may at any moment."""
        access, live = asking.access, self._in_force.live
        ahead = any(
            report.reported_at and report.reported_at > access.now
            for device in devices
            for report in device.reports
        )
        here = next((own for own in owned if own.here), None)
        # the verdict on who asks is found out each time, but for this request alone
        alike = here is None or (here.posture, here.decision) == (access.posture, asking.decision)
        replaced = asking.policy is not live.policy or asking.groups is not live.groups
        if ahead or replaced or access.claims or not alike:
            return access.now
        key = self._decision_key()
        ends = [key.until(own.access, own.decision) for own in owned if not own.here]
        return min(ends, default=_NEVER)

    def _decision_key(self) -> DecisionKey:
        live = self._in_force.live
        if self._by is None or self._by[0] is not live:
            self._by = live, DecisionKey(live.policy)
        return self._by[1]


_NEVER = datetime.max.replace(tzinfo=UTC)
