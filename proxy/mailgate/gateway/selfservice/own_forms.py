"""What people may do on their own page: report a device as lost or not theirs, and have a pairing code for the computer that they use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mailgate.devices.device import Device
from mailgate.gateway.answer import RateLimit
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.gateway.selfservice.own_devices import OwnDevice
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson
from mailgate.http.cookies import LOST_COOKIE, cookies_named, set_cookie
from mailgate.http.request import RequestRefused
from mailgate.model import Access, Kind, Reason, RequestFacts
from mailgate.policy.people import user_text
from mailgate.store import Act, EnrolmentToken, HelpRequest, StoreUnavailableError
from mailgate.store.devices import Devices
from mailgate.store.enrolments import CODE_BYTES, CODE_LIFE, Enrolments, digest_of, name_of, new_code
from mailgate.store.help_requests import NOT_THEIRS, HelpRequests


class OwnerReport(StrEnum):
    LOST = "lost"
    FOUND = "found"
    """It is not lost after all; possible within a minute."""
    NOT_MINE = "not-mine"


@dataclass(frozen=True, slots=True)
class OwnReports:
    devices: Devices
    requests: HelpRequests

    async def lose(self, own: OwnDevice, now: datetime) -> bool:
        """Mark a device as lost: it gets no mail until an admin marks it as found. Returns False if there is none or it is lost already."""
        if own.device is None or own.device.lost_at is not None:
            return False
        return await self.devices.mark_lost(own.device.id, now, _act("device-lost", own.device, now))

    async def take_back(self, own: OwnDevice, now: datetime) -> bool:
        """Mark it as found, if it is still lost since the same moment. May raise StoreUnavailableError."""
        if own.device is None or own.device.lost_at is None:
            return False
        act = _act("device-found", own.device, now)
        return await self.devices.mark_lost(own.device.id, None, act, since=own.device.lost_at)

    async def disown(self, own: OwnDevice, person: str, reference: str, now: datetime) -> bool:
        """Tell the admins that a device belongs to somebody else. May raise StoreUnavailableError."""
        if own.device is None:
            return False
        name = user_text(person)
        await self.requests.note(
            HelpRequest(
                rule=NOT_THEIRS,
                subject=f"{name} {own.device.id}",
                person=name,
                device=own.device.id,
                reason=NOT_THEIRS,
                reference=reference,
                policy=own.decision.policy_version,
                known=True,
                times=1,
                first_at=now,
                last_at=now,
            )
        )
        return True


def can_report(own: OwnDevice, person: str) -> bool:
    """Whether its owner may report it. They may not report the device that asks, nor one that has never reported."""
    return bool(person) and own.device is not None and not own.here


def _act(what: str, device: Device, now: datetime) -> Act:
    return Act(now, "its owner", what, about=f"device {device.id}", origin="own page")


UNDO_TIME = timedelta(minutes=1)


def may_take_back(tickets: Tickets, facts: RequestFacts, device: Device, person: str, now: datetime) -> bool:
    """Whether this browser has the cookie of exactly this report. It cannot end a mark that somebody else has set."""
    if device.lost_at is None or not device.lost_at <= now < device.lost_at + UNDO_TIME:
        return False
    said = _sealed_text(device, person, device.lost_at)
    return any(tickets.sealed(seal, said) for seal in cookies_named(facts, LOST_COOKIE))


def undo_cookie(
    tickets: Tickets, facts: RequestFacts, device: Device, person: str, now: datetime
) -> tuple[str, str]:
    """The Set-Cookie field with which a browser may take back the report of this moment."""
    return _field(tickets.seal_of(_sealed_text(device, person, now), now), UNDO_TIME, facts)


def delete_cookie(facts: RequestFacts) -> tuple[str, str]:
    return _field("", timedelta(), facts)


def _sealed_text(device: Device, person: str, at: datetime) -> str:
    return f"lost\n{at.isoformat()}\n{device.id}\n{user_text(person)}"


def _field(value: str, lasts: timedelta, facts: RequestFacts) -> tuple[str, str]:
    return "Set-Cookie", set_cookie(LOST_COOKIE, value, facts, lasts=lasts)


NOTE = "own page"
"""The note that distinguishes such a code from an admin's in `mailgate enroll list`."""
_LOGGED_IN = frozenset({KnownBy.PROXY, KnownBy.LOGIN})


@dataclass(slots=True)
class PairingCodes:
    """Decides who may have a code, and how often. ``offered``: whether anybody may."""

    tokens: Enrolments
    offered: bool = False
    rates: RateLimit = field(default_factory=lambda: RateLimit(5, CODE_LIFE))
    """Codes made, by person."""
    random: Callable[[int], bytes] = secrets.token_bytes

    def may_have(self, person: RecognisedPerson, access: Access) -> bool:
        """Whether this person may have a code in this browser. They must have logged in, since a known device is not enough, and be at a computer,
        since a code adds one."""
        return (
            self.offered
            and person.by in _LOGGED_IN
            and access.client.kind is Kind.LAPTOP
            and not access.client.contradicted
        )

    async def make(self, person: RecognisedPerson, access: Access, now: datetime) -> str:
        """Make a code in this person's name. Raises RequestRefused if they may not have one, or not yet another one."""
        if not self.may_have(person, access):
            raise RequestRefused(403, Reason.REQUEST_NOT_SUPPORTED, "Expected a login and a computer.")
        if self.rates.wait(person.name, now) > timedelta():
            told = "You have made too many codes in ten minutes. Please use one of them, or wait."
            raise RequestRefused(429, Reason.TOO_MANY_REQUESTS, told)
        self.rates.note(person.name, now)
        code = new_code(self.random(CODE_BYTES))
        digest = digest_of(code)
        made = EnrolmentToken(name_of(digest), person.name, NOTE, 1, now, now + CODE_LIFE)
        try:
            await self.tokens.add(digest, made)
        except StoreUnavailableError:
            told = "A code cannot be kept right now. Please try again in a few minutes."
            raise RequestRefused(503, Reason.STORE_UNAVAILABLE, told) from None
        return code
