"""The cookie with which a person may take back the report of a lost device within a minute."""

from datetime import datetime, timedelta

from mailgate.devices.device import Device
from mailgate.gateway.http1.cookies import LOST_COOKIE, cookies_named, set_cookie
from mailgate.gateway.refusals.help_ticket import Tickets
from mailgate.model import RequestFacts
from mailgate.policy.login_names import user_text

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
    """The Set-Cookie field that deletes the cookie."""
    return _field("", timedelta(), facts)


def _sealed_text(device: Device, person: str, at: datetime) -> str:
    return f"lost\n{at.isoformat()}\n{device.id}\n{user_text(person)}"


def _field(value: str, lasts: timedelta, facts: RequestFacts) -> tuple[str, str]:
    seconds = int(lasts.total_seconds())
    return "Set-Cookie", set_cookie(LOST_COOKIE, value, facts, seconds=seconds)
