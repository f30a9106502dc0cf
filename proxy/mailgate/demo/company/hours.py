"""The hours at which people ask for mail: on laptops while they work, on phones while they are awake."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random

from mailgate.demo.company.devices import OwnedDevice
from mailgate.model import Kind

_WORKS, _WEEKEND = 0.92, 0.12
_LOOKS, _WEEKEND_LOOKS = 0.95, 0.6
"""The probability that a laptop or phone is used on a weekday, and on a day of the weekend."""
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Span:
    """The beginning, the end and the number of requests on one day."""

    first: datetime
    last: datetime
    times: int

    def cut(self, at: datetime) -> "list[Span]":
        """The span in two parts, if ``at`` lies within it. The requests are divided by the length of the parts."""
        if not self.first < at <= self.last:
            return [self]
        early = round(self.times * (at - self.first) / (self.last - self.first))
        parts = Span(self.first, at - timedelta(seconds=1), early), Span(at, self.last, self.times - early)
        return [part for part in parts if part.times > 0 and part.first <= part.last]


def span(random: Random, owned: OwnedDevice, day: date, until: datetime) -> Span | None:
    """When this device asked on this UTC day, up to now; None if it did not."""
    works = owned.make.kind is Kind.LAPTOP
    ended = day.weekday() >= _SATURDAY
    likely = (_WEEKEND if ended else _WORKS) if works else (_WEEKEND_LOOKS if ended else _LOOKS)
    if random.random() > likely:
        return None
    start, hours = (random.gauss(8.5, 0.7), random.gauss(8.5, 1)) if works else (random.gauss(7, 0.8), 14.5)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    begin = _within(midnight, start - owned.person.ahead)
    end = _within(midnight, start + max(hours, 1) - owned.person.ahead)
    times = random.randint(20, 160) if works else random.randint(15, 90)
    if begin >= until or begin >= end:
        return None
    gone_by = (part for part in Span(begin, end, times).cut(until) if part.last < until)
    return next(gone_by, None)


def _within(midnight: datetime, hour: float) -> datetime:
    """This hour of a UTC day; the beginning or the end of the day if the hour is outside it."""
    return midnight + timedelta(hours=min(max(hour, 0.0), 23.98))
