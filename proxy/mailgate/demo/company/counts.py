"""The counts for the charts of the company. Those of the last two weeks are of simulated requests, and those of the
weeks before are derived from them.

Nobody was kept out before, so the earlier weeks have the requests of the same days of the week, all let in.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from mailgate.demo.company.devices import CompanyDevice
from mailgate.demo.company.requests import DAYS, RepeatedAnswer
from mailgate.model import Effect, Reason
from mailgate.store import Store
from mailgate.store.counts import AppDay, VerdictKey, start_of

LONG = 60
"""How many days the charts reach back."""
HOUR = timedelta(hours=1)
_LESS = 0.004
"""The part by which every count shrinks with each day further back."""


class Charts:
    """Collects the requests, and writes their counts."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._counts: dict[datetime, Counter[VerdictKey]] = {}
        self._blocked: dict[date, dict[str, set[tuple[str, int]]]] = {}

    def add(self, owned: CompanyDevice, asked: RepeatedAnswer) -> None:
        """Count one answer, distributed over the time in which it was given."""
        decision, tally = asked.decision, asked.tally
        effect, kind = decision.effect.value, asked.access.client.kind.value
        refused = VerdictKey(effect, rule=decision.rule, reason=decision.reason.value)
        for at, times in _shares(tally.first, tally.last, tally.times, self._now):
            counter = self._counts.setdefault(at, Counter())
            counter[VerdictKey(effect, kind=kind)] += times
            if decision.effect is not Effect.ALLOW:
                counter[refused] += times
        if decision.effect is Effect.BLOCK and decision.reason is Reason.PROHIBITED_APP:
            apps = self._blocked.setdefault(tally.first.date(), {})
            for app in asked.access.posture.apps:
                apps.setdefault(app, set()).add((owned.person.login, owned.number))

    async def keep(self, store: Store, found: Sequence[CompanyDevice]) -> None:
        """Write all counts."""
        await store.verdicts.add(self._counts)
        await store.verdicts.add(dict(self._earlier()))
        await store.verdicts.trim(self._now)
        await store.app_counts.keep(list(self._apps(found)))

    def _earlier(self) -> Iterator[tuple[datetime, Counter[VerdictKey]]]:
        by_day: dict[date, Counter[str]] = {}
        for at, counter in self._counts.items():
            for what, times in counter.items():
                if what.kind:
                    by_day.setdefault(at.date(), Counter())[what.kind] += times
        for ago in range(DAYS, LONG):
            day = self._now - timedelta(days=ago)
            like = by_day.get((day + timedelta(days=7 * -(-(ago - DAYS + 1) // 7))).date(), Counter())
            less = max(0.1, 1 - _LESS * ago)
            yield (
                start_of("day", day),
                Counter({VerdictKey("allow", kind=kind): int(times * less) for kind, times in like.items()}),
            )

    def _apps(self, found: Sequence[CompanyDevice]) -> Iterator[AppDay]:
        for ago in range(LONG - 1, -1, -1):
            at = self._now - timedelta(days=ago)
            has: dict[str, set[tuple[str, int]]] = {}
            for owned in found:
                if owned.source and owned.joined <= at:
                    for app in owned.apps_at(at):
                        has.setdefault(app, set()).add((owned.person.login, owned.number))
            for app, those in sorted(has.items()):
                out = self._blocked.get(at.date(), {}).get(app, set())
                yield AppDay(at.date(), app, *_counted(those), *_counted(out), at)


def _counted(those: Iterable[tuple[str, int]]) -> tuple[int, int]:
    devices = list(those)
    return len({person for person, _ in devices}), len(devices)


def _shares(first: datetime, last: datetime, times: int, now: datetime) -> Iterator[tuple[datetime, int]]:
    """Distribute requests between two moments, by hour, and by minute within the last hours."""
    long, given, at = max((last - first).total_seconds(), 1.0), 0, first
    while at < last or not given:
        step = timedelta(minutes=1) if now - at < timedelta(hours=3) else HOUR
        ends = start_of("minute" if step < HOUR else "hour", at) + step
        due = (
            min(times, round(times * (min(ends, last) - first).total_seconds() / long))
            if ends < last
            else times
        )
        if due > given:
            yield start_of("minute", at), due - given
            given = due
        at = ends
        if given >= times:
            return
