"""Two weeks of requests as a gate would see them, decided by the rules and reports of their day, and their counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from urllib.parse import urlencode

from mailgate.demo.company.devices import CompanyDevice, DeviceProblem, eas_id
from mailgate.demo.company.history import Era, in_force_at
from mailgate.devices.device import Device
from mailgate.devices.posture import posture_of, stable_until
from mailgate.devices.trust import ENROLLED
from mailgate.model import (
    IMAP_ID,
    Access,
    AttestationResult,
    Client,
    Decision,
    Effect,
    Kind,
    Posture,
    Reason,
    RequestFacts,
    User,
)
from mailgate.model.device import PostureTerms
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.people import Groups
from mailgate.rollout.replay import client_of, proof_of
from mailgate.store import ClientFacts, Sighting, Store, Tally, sighting_of
from mailgate.store.client_facts import client_facts
from mailgate.store.counts import AppDay, VerdictKey, start_of

_PAGE = "/mail/inbox"
_WITH_A_MAIL_PROGRAM = 0.05
_BROWSES = 0.3
"""The probability that an unknown phone ever opens the webmail, and that a phone opens it on one day."""


def requests_of(random: Random, owned: CompanyDevice) -> list[RequestFacts]:
    """All ways in which this device asks."""
    laptop = owned.make.kind is Kind.LAPTOP
    found = [_mail_app(owned)] if owned.make.mail_app else []
    browses = owned.proves or (not owned.source and random.random() < _BROWSES)
    if not found or laptop or browses:
        found.append(_browser(random, owned))
    if owned.make.imap and random.random() < _WITH_A_MAIL_PROGRAM:
        found.append(RequestFacts("LOGIN", "/", "imap", headers={IMAP_ID: owned.make.imap}))
    return found


def is_used(random: Random, owned: CompanyDevice, facts: RequestFacts) -> bool:
    """Whether this way is used on a day. On phones the browser is used occasionally."""
    seldom = owned.make.mail_app and facts.target == _PAGE
    return not seldom or random.random() < _BROWSES


def sends_proof(owned: CompanyDevice, facts: RequestFacts) -> bool:
    """Whether the device sends its proof this way. Mail apps cannot."""
    return owned.proves and facts.scheme == "https" and facts.target == _PAGE


def is_recognised(owned: CompanyDevice, facts: RequestFacts) -> bool:
    """Whether the gate can recognise the device in this way: by its proof, or by its ActiveSync id."""
    by_id = facts.target != _PAGE and facts.scheme == "https" and owned.source != ENROLLED
    return bool(owned.source) and (by_id or sends_proof(owned, facts))


def _browser(random: Random, owned: CompanyDevice) -> RequestFacts:
    agents = owned.make.browsers
    agent = agents[min(int(random.expovariate(1.5)), len(agents) - 1)]
    named = agent.format(version=owned.version, underscored=owned.version.replace(".", "_"))
    return RequestFacts("GET", _PAGE, "https", headers={"user-agent": named})


def _mail_app(owned: CompanyDevice) -> RequestFacts:
    query = urlencode({"Cmd": "Sync", "DeviceId": eas_id(owned), "DeviceType": owned.make.eas_type})
    target = f"/Microsoft-Server-ActiveSync?{query}"
    return RequestFacts("POST", target, "https", headers={"user-agent": owned.make.mail_app})


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


def span(random: Random, owned: CompanyDevice, day: date, until: datetime) -> Span | None:
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


DAYS = 14
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

Seen = tuple[Client, ClientFacts, AttestationResult | None]
"""A client that sends requests, the record of it, and its proof."""


@dataclass(frozen=True, slots=True)
class RepeatedAnswer:
    """One answer, with the number of times that it was given on one day."""

    access: Access
    decision: Decision
    sighting: Sighting
    tally: Tally


@dataclass(frozen=True, slots=True)
class History:
    """The known devices and the rules in force at any time of the two weeks."""

    groups: Groups
    eras: Sequence[Era]
    terms: PostureTerms
    stored: Mapping[int, Device]
    """The devices in the store, by the number of the owned one."""

    def cuts(self, owned: CompanyDevice) -> list[datetime]:
        """The times at which something changed for this device: the rules, the exemptions of its person, or the device itself."""
        changed = [owned.changed] if owned.changed else []
        for before, era in pairwise(self.eras):
            another = before.policy.version != era.policy.version
            if another or owned.person.login in before.exempted ^ era.exempted:
                changed.append(era.since)
        return changed

    def postures(self, owned: CompanyDevice) -> "PostureHistory":
        """The posture of one device at any time of the two weeks."""
        user = self.groups.user(owned.person.login)
        return PostureHistory(owned, self.stored.get(owned.number), self.terms, user)


@dataclass(slots=True)
class PostureHistory:
    """The posture of one device. Each result is cached as long as nothing changes."""

    owned: CompanyDevice
    device: Device | None
    terms: PostureTerms
    user: User
    _kept: dict[tuple[object, ...], tuple[Posture, datetime]] = field(default_factory=dict)
    _seen: dict[tuple[object, ...], Seen] = field(default_factory=dict)

    def at(self, at: datetime, policy: Policy) -> Posture:
        """The posture at that time, by the lists of these rules."""
        if self.device is None:
            return Posture()
        apps, lost = self.owned.apps_at(at), None
        if self.owned.problem is DeviceProblem.LOST and self.owned.changed and self.owned.changed <= at:
            lost = self.owned.changed
        key = (policy.version, apps, lost)
        posture, until = self._kept.get(key, (None, at))
        if posture is None or at >= until:
            looked = [(each, each.reported_at and min(each.reported_at, at)) for each in self.device.reports]
            reports = tuple(replace(each, apps=apps, reported_at=seen).received(at) for each, seen in looked)
            then = replace(self.device, reports=reports, lost_at=lost)
            posture = posture_of(then, policy.catalog, self.terms, at)
            self._kept[key] = posture, stable_until(then, self.terms, at)
        return posture

    def seen(self, facts: RequestFacts, known: Posture, at: datetime) -> Seen:
        """The client of these requests and its proof, at this posture. ``at`` is the time of one of them."""
        key = (facts.target, facts.scheme, known)
        if key not in self._seen:
            proof = proof_of(self.device, known) if self.device and sends_proof(self.owned, facts) else None
            client = client_of(facts, known, proof)
            access = Access(facts, client, known, at, self.user, proof)
            self._seen[key] = client, client_facts(access), proof
        return self._seen[key]


def answers_to(
    random: Random, owned: CompanyDevice, past: History, now: datetime
) -> Iterator[RepeatedAnswer]:
    """All requests of this device in the last two weeks."""
    theirs, postures, cuts = requests_of(random, owned), past.postures(owned), past.cuts(owned)
    end = owned.changed if owned.changed and owned.problem is DeviceProblem.GONE else now
    for ago in range(DAYS - 1, -1, -1):
        day = (now - timedelta(days=ago)).date()
        for facts in theirs:
            when = span(random, owned, day, end) if is_used(random, owned, facts) else None
            for part in _parts(when, cuts) if when else ():
                yield _answer(random, facts, part, postures, in_force_at(past.eras, part.first))


def _parts(when: Span, cuts: Sequence[datetime]) -> list[Span]:
    """The parts of a span in which nothing changed."""
    parts = [when]
    for at in cuts:
        parts = [piece for part in parts for piece in part.cut(at)]
    return parts


def _answer(
    random: Random, facts: RequestFacts, part: Span, postures: PostureHistory, policy: Policy
) -> RepeatedAnswer:
    at = part.first
    known = postures.at(at, policy) if is_recognised(postures.owned, facts) else Posture()
    client, kept, proof = postures.seen(facts, known, at)
    access = Access(facts, client, known, at, postures.user, proof)
    decision = decide(access, policy)
    told = decision.effect is not Effect.ALLOW
    reference = "".join(random.choices(_LETTERS, k=10)) if told else ""
    tally = Tally(part.times, part.first, part.last, reference, part.times if told else 0)
    return RepeatedAnswer(access, decision, sighting_of(kept, access, decision), tally)


LONG = 60
"""How many days the charts reach back."""
HOUR = timedelta(hours=1)
_LESS = 0.004
"""The part by which every count shrinks with each day further back."""


class Charts:
    """Collects the requests of two weeks, and writes their counts. Nobody was refused before, so the weeks before have the requests
    of the same days of the week, all with mail."""

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
            fewer = {VerdictKey("allow", kind=kind): int(times * less) for kind, times in like.items()}
            yield start_of("day", day), Counter(fewer)

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
        due = times
        if ends < last:
            due = min(times, round(times * (ends - first).total_seconds() / long))
        if due > given:
            yield start_of("minute", at), due - given
            given = due
        at = ends
        if given >= times:
            return
