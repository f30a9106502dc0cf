"""The settings of the guard: how much one change of the rules may do, and freezes, each once or every week."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, InstanceOf, PlainSerializer, PlainValidator, WithJsonSchema

from mailgate.config.values import Duration, PartOrCount
from mailgate.model.phrase import wrong_value
from mailgate.policy.written import Strict

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1) // timedelta(minutes=1)
_WEEK = 7 * _DAY
_DATE, _TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "([01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = "[A-Za-z][A-Za-z0-9/_+-]*"
_NAMED = f"({'|'.join(_DAYS)})"
_FREEZE = rf"^({_DATE} {_TIME} - {_DATE} {_TIME}|{_NAMED} {_TIME} - {_NAMED} {_TIME}) {_ZONE}$"


@dataclass(frozen=True, slots=True)
class Once:
    """A freeze from one moment to another."""

    text: str
    begins: datetime = field(compare=False)
    ends: datetime = field(compare=False)

    def end(self, now: datetime) -> datetime | None:
        """When the freeze ends; None while there is none."""
        return self.ends if self.begins <= now < self.ends else None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Weekly:
    """A freeze between two times of every week, by the clocks of one place."""

    text: str
    zone: ZoneInfo = field(compare=False)
    begins: int = field(compare=False)
    """The minutes from the beginning of Monday."""
    minutes: int = field(compare=False)
    """The length in minutes, by those clocks."""

    def end(self, now: datetime) -> datetime | None:
        """When the freeze ends; None while there is none."""
        today = now.astimezone(self.zone).date()
        monday = datetime.combine(today - timedelta(days=today.weekday()), time())
        # one of last week may still hold, and one of next week already, where a night has no such hour
        found = None
        for week in (-1, 0, 1):
            begin = monday + timedelta(weeks=week, minutes=self.begins)
            begins, ends = _outer_ends(begin, begin + timedelta(minutes=self.minutes), self.zone)
            if begins <= (found or now) < ends:
                found = ends  # where the next freeze begins before this one ends, both end with it
        return found

    def __str__(self) -> str:
        return self.text


def _freeze(value: object) -> Once | Weekly:
    if not isinstance(value, str) or not re.fullmatch(_FREEZE, value):
        message = "not a freeze; use one like `2026-12-18 16:00 - 2027-01-04 08:00 Europe/Berlin` or `fri 16:00 - mon 08:00 UTC`"
        raise wrong_value("freeze", message)
    times, _, name = value.rpartition(" ")
    begin, end = times.split(" - ")
    zone = _zone(name)
    if begin.startswith(_DAYS):
        first, last = _minute_of_week(begin), _minute_of_week(end)
        if first == last:
            raise wrong_value("freeze", "start and end are the same; give two different times")
        return Weekly(value, zone, first, (last - first) % _WEEK)
    return _once(value, _local(begin), _local(end), zone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        wrong = "there is no such time zone; use one like Europe/Berlin, or UTC"
        raise wrong_value("zone", wrong) from error


def _once(text: str, begin: datetime, end: datetime, zone: ZoneInfo) -> Once:
    try:
        begins, ends = _outer_ends(begin, end, zone)
    except OverflowError as error:
        raise wrong_value("freeze", "no such date; use one that the calendar has") from error
    if end <= begin:
        raise wrong_value("freeze", "it ends before it begins; write the earlier time first")
    return Once(text, begins, ends)


def _minute_of_week(text: str) -> int:
    day, hour, minute = re.split("[ :]", text)
    return _DAYS.index(day) * _DAY + int(hour) * 60 + int(minute)


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong_value("freeze", "no such date; use one that the calendar has") from error


def _outer_ends(begin: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The moments of a beginning and an end by the clocks of a place. If those show a time twice, or leave it out, the freeze is rather too
    long."""
    first, last = (
        [at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)] for at in (begin, end)
    )
    return min(first), max(last)


Freeze = Annotated[
    InstanceOf[Once] | InstanceOf[Weekly],
    PlainValidator(_freeze),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": _FREEZE}),
]
"""A freeze as it is written: its beginning, its end, and a time zone by its IANA name."""


class GuardSettings(Strict):
    """How much one change of the rules may do by itself. If left out, a change may do everything, at any time."""

    max_newly_blocked: PartOrCount
    """The most people, and the most devices, that may newly be kept out: a number, or a part like ``1%``."""
    max_by_hand: PartOrCount = 10
    """The most people, and the most devices, that acts on single devices may keep out within ``window``, even where
    ``max_newly_blocked`` lets fewer pass: so that a stolen phone can be shut out at once."""
    window: Duration = Field(default=timedelta(days=7), ge=timedelta(days=1), le=timedelta(days=366))
    """``max_newly_blocked`` holds for all changes within this time together; a plan looks at as many days or more."""
    approvals: int = Field(default=1, ge=1, le=10)
    """The number of other people who have to approve a change beyond ``max_newly_blocked``."""
    freeze: tuple[Freeze, ...] = ()
    """When nothing but a roll back is put in force, like ``fri 16:00 - mon 08:00 Europe/Berlin``."""
