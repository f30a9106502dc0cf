"""Corrections: mails to the people whom a version reached that was then taken back, if something is different for them.

A version reached the people who were refused, were shown the page of a warning, or got a mail by its rules. Each of them
is decided anew by that version and by the one in force, now and at every moment at which an answer changes by itself.
Who gets the same answer from both is not written to. Who cannot be decided any more, say because the device has
reported something else since, is told what is known, and nothing else.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailgate.config import Rules
from mailgate.devices.names import user_text
from mailgate.devices.posture import owner_of
from mailgate.mail.audience import RuleAnswer, answer, device_of
from mailgate.mail.recipient_list import AddressOf, DataScope, rules_of_version
from mailgate.model import Effect, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, NoticeDevice, RuleEncounter, Standing
from mailgate.policy.rules import DEFAULT_RULE, DISCOVERY_RULE, LOST_RULE
from mailgate.rollout.person import Person
from mailgate.simulate import Judge, Occasion, at_moment, moments
from mailgate.store import Act, Mail, Retraction, Store

SEARCH_SPAN = timedelta(hours=24)
"""How long to look for refusals that are stored late, by a gate that was cut off or from a spool."""
_SOON = timedelta(seconds=2)


@dataclass
class ReachedPeople:
    """The people whom the rules that were taken back had reached."""

    people: dict[str, set[RuleEncounter]] = field(default_factory=lambda: defaultdict(set))
    """How they were reached, by login name."""
    contacts: dict[str, str] = field(default_factory=dict)
    """The contact for each person: that of a rule that reached them."""
    nameless: int = 0
    """How many refusals and warnings had no login name and no known owner."""


def is_due(retraction: Retraction, now: datetime) -> bool:
    """Whether to look for people now: at once, and then at growing intervals, since only few refusals are stored
    late."""
    if retraction.looked_at is None:
        return True
    return now - retraction.looked_at >= max(_SOON, retraction.looked_at - retraction.at)


async def correct(
    store: Store, data_scope: DataScope, address_of: AddressOf, person: Person, now: datetime
) -> int:
    """Queue the corrections that are due. Returns how many. Raises StoreUnavailableError."""
    count = 0
    for retraction in await store.retractions.open():
        if is_due(retraction, now):
            count += await _correct(store, retraction, data_scope, address_of, person, now)
    return count


async def _correct(
    store: Store,
    retraction: Retraction,
    data_scope: DataScope,
    address_of: AddressOf,
    person: Person,
    now: datetime,
) -> int:
    active = await store.policies.active()
    if active is None or active.number in retraction.versions:  # it was put in force again
        await store.retractions.note_search(retraction.serial, now, done=True)
        return 0
    mails, found = await corrections(store, retraction, active.number, data_scope, address_of, now)

    def act(count: int) -> Act:
        entry = person.act(now, "corrections-queued")
        about = f"version {retraction.versions[0]}"
        return replace(entry, about=about, details={"mails": count, "nameless": found.nameless})

    count = await store.mails.queue(mails, act)
    await store.retractions.note_search(retraction.serial, now, done=now - retraction.at >= SEARCH_SPAN)
    return count


async def corrections(
    store: Store,
    retraction: Retraction,
    in_force: int,
    data_scope: DataScope,
    address_of: AddressOf,
    now: datetime,
) -> tuple[list[Mail], ReachedPeople]:
    """One mail to each person who was reached and for whom something is different, whether it was queued before or
    not."""
    reliefs = await store.reliefs.current(now)
    target = await rules_of_version(store, in_force, reliefs)
    found = ReachedPeople()
    for number in retraction.versions:
        old = await rules_of_version(store, number, reliefs)
        comparison = _Comparison(store, old, target, data_scope, now)
        if old.policy.version in retraction.policies:
            await _by_page(comparison, retraction, found)
        await _by_mail(comparison, retraction.serial, number, found)
    languages = await store.languages.of(found.people)
    standings = _Standings(store, target, data_scope, now)
    made: dict[str, Mail] = {}
    for login in sorted(found.people):
        address = address_of(login)
        if not address:
            continue
        other = made[address].notice if address in made else None  # the same person by another login name
        devices = await standings.of(login)
        notice = Notice(
            MailKind.CORRECTION,
            languages.get(login, ""),
            contact=found.contacts.get(login, ""),
            encounters=tuple(sorted(found.people[login].union(other.encounters if other else ()))),
            devices=tuple(sorted(devices.union(other.devices if other else ()))),
            versions=tuple(retraction.versions),
        )
        number, serial = retraction.versions[0], retraction.serial
        made[address] = Mail(address, login, "", number, MailKind.CORRECTION, serial, notice, now)
    return list(made.values()), found


class _Comparison:
    """Compares a version that was taken back with the version in force."""

    def __init__(self, store: Store, old: Rules, target: Rules, data_scope: DataScope, now: datetime) -> None:
        self.store, self.policy, self.precedence = store, old.policy, data_scope.terms.precedence
        self.population = data_scope.compared(store, old, target, now)
        self.has_the_same_name = old.policy.version == target.policy.version
        """Whether sightings do not tell the two apart, since they differ in their groups alone."""
        self._judges = Judge(old.policy), Judge(target.policy)
        self._same = _same_answers(old, target) | {LOST_RULE, DISCOVERY_RULE}

    def may_differ(self, rule: str) -> bool:
        """Whether what this rule told people may be different now. The answers to lost devices and to searches for the
        mail server come from no rule, and are the same in every version."""
        return rule not in self._same

    def corrects(self, rule: str, occasions: Iterable[Occasion]) -> bool:
        """Whether somebody whom this rule reached has to be written to: something is different on one of these
        occasions, or the rule decides none of them any more, so that nobody can say what it told them."""
        decided = False
        for occasion in occasions:
            for old, new in self._answers(occasion):
                if old is None or new is None:
                    continue
                if old.told != new.told:
                    return True
                decided = decided or old.rule == rule
        return not decided

    def _answers(self, occasion: Occasion) -> Iterator[tuple[RuleAnswer | None, RuleAnswer | None]]:
        """The answers of both versions, now and at each moment at which one of them changes by itself."""
        old, new = self._judges
        before, after, unrecorded = occasion.before, occasion.after, occasion.unrecorded
        later = {*moments(before, old.policy), *moments(after, new.policy)}
        for moment in (before.now, *sorted(later)):
            yield (
                answer(old, at_moment(before, moment), unrecorded),
                answer(new, at_moment(after, moment), unrecorded),
            )

    def title(self, rule: str) -> str:
        if rule == DEFAULT_RULE:
            return self.policy.default.title or ""
        return next((each.title or "" for each in self.policy.rules if each.id == rule), "")

    def contact(self, rule: str) -> str:
        notices = {each.id: each.notice for each in self.policy.rules}
        return notices.get(rule, self.policy.default.notice).contact or ""


def _same_answers(old: Rules, new: Rules) -> set[str]:
    """The rules that certainly decide in the new version whatever they decided in the old one: they are the same in both,
    and the new version has no rule before them that the old one had not."""
    before, found = [*_names(old)], set[str]()
    passed = set[str]()
    for name in _names(new):
        if not _is_same(old, new, name):
            break  # it may take requests away from every rule after it
        if passed.issubset(before[: before.index(name)]):
            found.add(name)
        passed.add(name)
    return found


def _names(rules: Rules) -> Iterator[str]:
    yield from (rule.id for rule in rules.policy.rules)
    yield DEFAULT_RULE


def _is_same(old: Rules, new: Rules, name: str) -> bool:
    """Whether a rule is the same in both versions, with the lists and groups that it reads."""
    if name == DEFAULT_RULE:
        return old.policy.default == new.policy.default
    one, other = (next((r for r in each.policy.rules if r.id == name), None) for each in (old, new))
    if one is None or other is None or one.model_dump(mode="json") != other.model_dump(mode="json"):
        return False
    reads_lists = any(each.startswith("device.") for each in one.when.reads)
    reads_groups = one.groups or "user.groups" in one.when.reads
    return (not reads_lists or old.policy.catalog == new.policy.catalog) and (
        not reads_groups or old.groups == new.groups
    )


async def _by_page(comparison: _Comparison, retraction: Retraction, found: ReachedPeople) -> None:
    name = comparison.policy.version
    until = retraction.at if comparison.has_the_same_name else None
    shown = await comparison.store.retractions.shown(name, retraction.policies[name], until)
    devices = await comparison.population.called({each.way.device for each in shown})
    for each in shown:
        if not comparison.may_differ(each.rule):
            continue
        await asyncio.sleep(0)  # a gate that decides keeps serving requests
        if not comparison.corrects(each.rule, [await comparison.population.seen(each.way, devices)]):
            continue
        device = devices.get(each.way.device)
        login = user_text(
            each.way.user
            or (owner_of(device, comparison.population.now, comparison.precedence) if device else "")
        )
        if not login:
            found.nameless += 1
            continue
        by = EncounterKind.WARNING if each.effect == Effect.WARN else EncounterKind.REFUSAL
        found.people[login].add(RuleEncounter(by, comparison.title(each.rule), _reason(each.reason)))
        found.contacts.setdefault(login, comparison.contact(each.rule))


def _reason(stored: str) -> Reason:
    """Read a stored reason. One of another release must not keep everybody else from their corrections."""
    return Reason(stored) if stored in set(Reason) else Reason.RULE_MATCHED


async def _by_mail(comparison: _Comparison, serial: int, number: int, found: ReachedPeople) -> None:
    for mail in await comparison.store.mails.perhaps_read_about([number], serial):
        if not comparison.may_differ(mail.rule):
            continue
        subjects = await comparison.population.person(mail.login)
        if not comparison.corrects(mail.rule, [each for subject in subjects for each in subject.occasions]):
            continue
        title = comparison.title(mail.rule)
        found.people[mail.login].add(RuleEncounter(EncounterKind.MAIL, title, Reason.RULE_MATCHED))
        found.contacts.setdefault(mail.login, comparison.contact(mail.rule))


class _Standings:
    """Tells what the version in force gives each device of a person, now and later."""

    def __init__(self, store: Store, target: Rules, data_scope: DataScope, now: datetime) -> None:
        self._population = data_scope.population(store, target, now)
        self._judge = Judge(target.policy)

    async def of(self, login: str) -> set[NoticeDevice]:
        """The known devices of a person, as far as a mail distinguishes them."""
        subjects = await self._population.person(login)
        return {self._device(login, each) for subject in subjects for each in subject.occasions}

    def _device(self, login: str, occasion: Occasion) -> NoticeDevice:
        access, judge = occasion.after, self._judge
        now = answer(judge, access, occasion.unrecorded)
        standing, first = _standing(now), now
        later: list[tuple[datetime, Standing]] = []
        for moment in moments(access, judge.policy):
            then = answer(judge, at_moment(access, moment), occasion.unrecorded)
            if _standing(then) != (later[-1][1] if later else standing):
                later.append((moment, _standing(then)))
            if _standing(first) is Standing.OPEN:
                first = then
        return replace(device_of(login, access, first), standing=standing, later=tuple(later))


_STANDINGS = {Effect.ALLOW: Standing.OPEN, Effect.WARN: Standing.WARNED}


def _standing(given: RuleAnswer | None) -> Standing:
    return Standing.UNKNOWN if given is None else _STANDINGS.get(given.told.effect, Standing.CLOSED)
