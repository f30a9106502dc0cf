"""Corrections: mails to the people whom a version reached that was then rolled back, if something is different for them.

A version reached the people who were refused, were shown the page of a warning, or got a mail by its rules. Each of them
is decided anew by that version and by the one in force, now and at every moment at which an answer changes by itself; whoever got a
mail also with the devices as they were then. Who gets the same answer from both is not written to. Who cannot be decided any
more, say because a device has reported something else since a page was shown, is told what is known, and nothing else.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from mailgate.config import Rules
from mailgate.mail.recipient_list import (
    AddressOf,
    DataScope,
    RuleAnswer,
    answer,
    device_of,
    rules_of_version,
    told_device,
)
from mailgate.model import Access, Effect, PostureState, Reason
from mailgate.model.fact import read_word
from mailgate.model.notice import (
    EncounterKind,
    MailKind,
    Notice,
    NoticeDevice,
    RuleEncounter,
    Standing,
    ToldDevice,
)
from mailgate.policy import AppCatalog
from mailgate.policy.people import user_text
from mailgate.policy.rule_states import RuleState, state_of
from mailgate.policy.rules import DEFAULT_RULE, DISCOVERY_RULE, LOST_RULE, Rule
from mailgate.policy.simulate.clock import moments
from mailgate.policy.simulate.impact import Subject
from mailgate.policy.simulate.judge import Occasion, OccasionJudge
from mailgate.policy.simulate.unknowns import moves
from mailgate.policy.simulate.what_if import judged_again_at
from mailgate.policy.variables import VARIABLES
from mailgate.rollout.person import Person
from mailgate.rollout.replay import Population
from mailgate.store import Act, Mail, Retraction, Store
from mailgate.tasks import compute

SEARCH_SPAN = timedelta(hours=24)
"""How long to look for refusals that are stored late, by a gate that was cut off or from a spool."""
_SOON = timedelta(seconds=2)


@dataclass
class ReachedPeople:
    """The people whom the rules that were rolled back had reached."""

    people: dict[str, set[RuleEncounter]] = field(default_factory=lambda: defaultdict(set))
    """How they were reached, by login name."""
    contacts: dict[str, str] = field(default_factory=dict)
    """The contact for each person: that of a rule that reached them."""
    nameless: int = 0
    """How many refusals and warnings had no login name and no known owner."""


def is_due(retraction: Retraction, now: datetime) -> bool:
    """Whether to look for people now: at once, then at growing intervals, since few refusals are stored late."""
    if retraction.looked_at is None:
        return True
    return now - retraction.looked_at >= max(_SOON, retraction.looked_at - retraction.at)


async def correct(
    store: Store, data_scope: DataScope, address_of: AddressOf, person: Person, now: datetime
) -> int:
    """Queue the corrections that are due. Returns how many. Raises StoreUnavailableError."""
    count = 0
    for retraction in await store.retractions.open():
        if not is_due(retraction, now):
            continue
        active, done = await store.policies.active(), True
        if active is not None and active.number not in retraction.versions:  # else it is in force again
            mails, found = await corrections(store, retraction, active.number, data_scope, address_of, now)
            count += await store.mails.queue(mails, partial(_act, person, now, retraction, found.nameless))
            done = now - retraction.at >= SEARCH_SPAN
        await store.retractions.note_search(retraction.serial, now, done=done)
    return count


def _act(person: Person, now: datetime, retraction: Retraction, nameless: int, count: int) -> Act:
    act, about = person.act(now, "corrections-queued"), f"version {retraction.versions[0]}"
    return replace(act, about=about, details={"mails": count, "nameless": nameless})


async def corrections(
    store: Store,
    retraction: Retraction,
    in_force: int,
    data_scope: DataScope,
    address_of: AddressOf,
    now: datetime,
) -> tuple[list[Mail], ReachedPeople]:
    """One mail to each person who was reached and for whom something is different, queued already or not."""
    reliefs = await store.reliefs.current(now)
    target = await rules_of_version(store, in_force, reliefs)
    found = ReachedPeople()
    for number in retraction.versions:
        old = await rules_of_version(store, number, reliefs)
        population = data_scope.compared(store, old, target, now)
        comparison = await compute(_Comparison, old, target, population)
        if old.policy.version in retraction.policies:
            await _by_page(store, comparison, retraction, found)
        await _by_mail(store, comparison, retraction.serial, number, found)
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
    """Compares a version that was rolled back with the version in force."""

    def __init__(self, old: Rules, target: Rules, population: Population) -> None:
        self.policy, self.population = old.policy, population
        self.has_the_same_name = old.policy.version == target.policy.version
        """Whether sightings do not tell the two apart, since they differ in their groups alone."""
        self._judges = OccasionJudge(old.policy), OccasionJudge(target.policy)
        self._same = _same_answers(old, target) | {LOST_RULE, DISCOVERY_RULE}
        self._titles = {each.id: each.title or "" for each in old.policy.rules}
        self._contacts = {each.id: each.notice.contact or "" for each in old.policy.rules}
        policy, now = target.policy, population.now
        self._standing = {each.id for each in policy.rules if state_of(policy, each, now) in _HARD}
        """The rules of the version in force that warn or keep out now."""
        if policy.default.effect is not Effect.ALLOW:
            self._standing.add(DEFAULT_RULE)

    def may_differ(self, rule: str) -> bool:
        """Whether what this rule told people may be different now. The answers to lost devices and to searches for the
        mail server come from no rule, and are the same in every version."""
        return rule not in self._same

    def corrects(self, rule: str, occasions: Sequence[Occasion]) -> bool:
        """Whether somebody whom this rule reached has to be written to: something is different on one of these
        occasions, or the rule decides none of them any more, so that nobody can say what it told them."""
        decided = False
        for each in occasions:
            for old, differs in self._answers(each):
                if differs:
                    return True
                decided = decided or old.rule == rule
        return not decided

    def corrects_mail(self, mail: Mail, occasions: Sequence[Occasion]) -> bool:
        """Whether the reader of a mail has to be written to: something is different for a device of theirs now, or what the
        mail said of one does not hold, or it cannot be told any more what it said."""
        if not mail.about:
            return self.corrects(mail.rule, occasions)
        return any(differs for each in occasions for _, differs in self._answers(each)) or any(
            self.corrects(mail.rule, self._then(mail, each, occasions)) for each in mail.about
        )

    def _then(self, mail: Mail, told: ToldDevice, occasions: Sequence[Occasion]) -> list[Occasion]:
        """The occasions of the person's devices of this kind, as if the device were still as the mail says."""
        known = [(each, told_device(mail.login, each.after)) for each in occasions]
        alike = [each for each, one in known if (one.kind, one.os) == (told.kind, told.os)]
        if not alike:
            gone = self.population.unreported(mail.login, told.kind, told.os)
            alike = [replace(gone, unrecorded=gone.unrecorded | gone.assumed | _NOT_TOLD)]
        before, after = (each.catalog for each in (self.population.before, self.population.after))
        return [
            replace(each, before=_as_told(each.before, told, before), after=_as_told(each.after, told, after))
            for each in alike
        ]

    def _answers(self, occasion: Occasion) -> Iterator[tuple[RuleAnswer, bool]]:
        """The answer of the version that was rolled back, now and at each moment at which one of them changes by itself, and whether
        that of the version in force differs, or may before the next such moment. What cannot be decided is left out."""
        before, after, unrecorded = occasion.before, occasion.after, occasion.unrecorded
        old, new = self._judges
        for moment in (before.now, *sorted({*moments(before, old.policy), *moments(after, new.policy)})):
            asked, then = judged_again_at(before, moment), judged_again_at(after, moment)
            was, given = answer(old, asked, unrecorded), answer(new, then, unrecorded)
            if was and given:
                yield was, was.told != given.told or self._may_part(asked, then, unrecorded)

    def _may_part(self, asked: Access, then: Access, unrecorded: frozenset[str]) -> bool:
        """Whether the versions may give different effects because of rules that go by the calendar."""
        old, new = self._judges
        sides = old.side(asked, unrecorded, calendar=True), new.side(then, unrecorded, calendar=True)
        found = moves(*sides) if any(each.undetermined for each in sides) else ()
        return found is None or any(one != other for one, other in found)

    def encounter(self, by: EncounterKind, rule: str, reason: Reason) -> RuleEncounter:
        default = self.policy.default.title or "" if rule == DEFAULT_RULE else ""
        return RuleEncounter(by, self._titles.get(rule, default), reason, rule in self._standing)

    def contact(self, rule: str) -> str:
        return self._contacts.get(rule, self.policy.default.notice.contact or "")


_NOT_TOLD = frozenset(
    each
    for each in VARIABLES
    if each.startswith("device.")
    and each
    not in ("device.kind", "device.os", "device.state", "device.known", "device.apps", "device.lists")
)
"""The variables whose values no mail has of a device that is gone."""


def _as_told(access: Access, told: ToldDevice, catalog: AppCatalog) -> Access:
    """An access of the device with what was known of it then, by the lists of one version."""
    apps = tuple(app for app in told.apps if app in catalog.apps)
    lists = catalog.lists_of(apps)
    state = PostureState.CLEAN if told.state is PostureState.LISTED and not lists else told.state
    return replace(access, posture=replace(access.posture, state=state, apps=apps, lists=lists))


_HARD = (RuleState.WARNS, RuleState.CHALLENGES, RuleState.BLOCKS)


def _same_answers(old: Rules, new: Rules) -> set[str]:
    """The rules that certainly decide in the new version whatever they decided in the old one: they are the same in both,
    and the new version has no rule before them that the old one had not."""
    place = {name: number for number, name in enumerate(_names(old))}
    olds, news = ({each.id: each for each in rules.policy.rules} for rules in (old, new))
    found, last = set[str](), -1
    for name in _names(new):
        same = old.policy.default == new.policy.default
        if name != DEFAULT_RULE:
            one = olds.get(name)
            same = one is not None and _is_same(one, news[name], old, new)
        if not same:
            break  # it may take requests away from every rule after it
        if last < place[name]:
            found.add(name)
        last = max(last, place[name])
    return found


def _names(rules: Rules) -> Iterator[str]:
    yield from (rule.id for rule in rules.policy.rules)
    yield DEFAULT_RULE


def _is_same(one: Rule, other: Rule, old: Rules, new: Rules) -> bool:
    """Whether a rule is the same in both versions, with the lists and groups that it reads."""
    if one.model_dump(mode="json") != other.model_dump(mode="json"):
        return False
    reads_lists = any(each.startswith("device.") for each in one.when.reads)
    reads_groups = one.groups or "user.groups" in one.when.reads
    return (not reads_lists or old.policy.catalog == new.policy.catalog) and (
        not reads_groups or old.groups == new.groups
    )


async def _by_page(
    store: Store, comparison: _Comparison, retraction: Retraction, found: ReachedPeople
) -> None:
    name, population = comparison.policy.version, comparison.population
    until = retraction.at if comparison.has_the_same_name else None
    shown = await store.retractions.shown(name, retraction.policies[name], until)
    devices = await population.called({each.way.device for each in shown})
    for each in shown:
        if not comparison.may_differ(each.rule):
            continue
        if not await compute(comparison.corrects, each.rule, [await population.seen(each.way, devices)]):
            continue
        device = devices.get(each.way.device)
        login = user_text(each.way.user) or (population.owner(device) if device else "")
        if not login:
            found.nameless += 1
            continue
        by = EncounterKind.WARNING if each.effect == Effect.WARN else EncounterKind.REFUSAL
        found.people[login].add(comparison.encounter(by, each.rule, _reason(each.reason)))
        found.contacts.setdefault(login, comparison.contact(each.rule))


def _reason(stored: str) -> Reason:
    """Read a stored reason. One of another release must not keep everybody else from their corrections."""
    return read_word(Reason, stored, Reason.RULE_MATCHED)


async def _by_mail(
    store: Store, comparison: _Comparison, serial: int, number: int, found: ReachedPeople
) -> None:
    for mail in await store.mails.perhaps_read_about([number], serial):
        if not comparison.may_differ(mail.rule):
            continue
        subjects = await comparison.population.person(mail.login)
        occasions = [each for subject in subjects for each in subject.occasions]
        if not await compute(comparison.corrects_mail, mail, occasions):
            continue
        reached = comparison.encounter(EncounterKind.MAIL, mail.rule, Reason.RULE_MATCHED)
        found.people[mail.login].add(reached)
        found.contacts.setdefault(mail.login, comparison.contact(mail.rule))


class _Standings:
    """Tells what the version in force gives each device of a person, now and later."""

    def __init__(self, store: Store, target: Rules, data_scope: DataScope, now: datetime) -> None:
        self._population = data_scope.population(store, target, now)
        self._judge, on = OccasionJudge(target.policy), target.policy.reliefs.of_some()
        self._all_on = OccasionJudge(replace(target.policy, reliefs=on))
        """Decides as if no rule had halted or were turned off: somebody may resume it at any time."""

    async def of(self, login: str) -> set[NoticeDevice]:
        """The known devices of a person, as far as a mail distinguishes them."""
        return await compute(self._devices, login, await self._population.person(login))

    def _devices(self, login: str, subjects: Iterable[Subject]) -> set[NoticeDevice]:
        return {self._device(login, each) for subject in subjects for each in subject.occasions}

    def _device(self, login: str, occasion: Occasion) -> NoticeDevice:
        access, unrecorded = occasion.after, occasion.unrecorded
        first = answer(self._judge, access, unrecorded)
        standing, later = _standing(first), list[tuple[datetime, Standing]]()
        for moment in (access.now, *moments(access, self._judge.policy)):
            asked = judged_again_at(access, moment)
            then = self._lasting(asked, unrecorded)
            if _standing(then) is not (later[-1][1] if later else standing):
                later.append((moment, _standing(then)))
            if _standing(first) is Standing.OPEN:
                resumed = answer(self._all_on, asked, unrecorded)
                first = then or (None if _standing(resumed) is Standing.OPEN else resumed)
        return replace(device_of(login, access, first), standing=standing, later=tuple(later))

    def _lasting(self, access: Access, unrecorded: frozenset[str]) -> RuleAnswer | None:
        """The answer; None if it may change before the next moment that can be dated: by a rule that goes by the calendar, or since
        somebody resumes one."""
        sides = [judge.side(access, unrecorded, calendar=True) for judge in (self._judge, self._all_on)]
        found = [moves(side, side) for side in sides]
        ways = {effect for each in found if each for _, effect in each}
        sure = (
            None not in found and len({_STANDINGS.get(Effect(each), Standing.CLOSED) for each in ways}) == 1
        )
        return answer(self._judge, access, unrecorded) if sure else None


_STANDINGS = {Effect.ALLOW: Standing.OPEN, Effect.WARN: Standing.WARNED}


def _standing(given: RuleAnswer | None) -> Standing:
    return Standing.UNKNOWN if given is None else _STANDINGS.get(given.told.effect, Standing.CLOSED)
