"""The recipient list of a notice: everybody whom its rule is about, each once, with their mail."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailgate.config import Bundle, Rules, compile_rules
from mailgate.errors import ConfigError
from mailgate.mail.topic import Topic
from mailgate.model import Access, Client, Effect, Kind, Posture, PostureState, Reason, RequestFacts
from mailgate.model.device import PostureTerms
from mailgate.model.notice import (
    EncounterKind,
    MailKind,
    Notice,
    NoticeDevice,
    RuleEncounter,
    Standing,
    ToldDevice,
)
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.people import NO_GROUPS, Groups, user_text
from mailgate.policy.reasons import apps_named, infer
from mailgate.policy.reliefs import Reliefs
from mailgate.policy.simulate.impact import Subject
from mailgate.policy.simulate.judge import UNKNOWN, Occasion, OccasionJudge, lets_in_laptops
from mailgate.rollout.person import Person
from mailgate.rollout.plan import DAYS
from mailgate.rollout.replay import Population, PostureInputs
from mailgate.store import Act, Activation, Mail, Store
from mailgate.tasks import compute

Progress = Callable[[int, int], None]

PASSING = frozenset({Reason.RULE_ERROR, Reason.POSTURE_UNAVAILABLE, Reason.INTERNAL_ERROR})
"""Reasons with which a rule could not be decided. They do not show that it is about anybody."""


@dataclass
class Audience:
    """The people whom the rule warns, asks for proof or keeps out at one moment."""

    people: dict[str, set[NoticeDevice]] = field(default_factory=lambda: defaultdict(set))
    """The people by login name, each with the devices that the rule is about."""
    about: dict[str, set[ToldDevice]] = field(default_factory=lambda: defaultdict(set))
    """The same devices, by what is known of them."""
    newly: set[str] = field(default_factory=set)
    """Those of them whom the rules before did not treat in the same way, or may not have."""
    nameless: int = 0
    """How many devices and clients without a known owner the rule is about."""
    undecided: set[str] = field(default_factory=set)
    """People for whom it is unknown whether the rule is about them."""
    laptops: dict[str, bool] = field(default_factory=dict)
    """People who were seen on a laptop, and whether all their laptops are let in."""
    any_laptop: bool = False
    """Whether every laptop browser is let in."""

    def laptop_allowed(self, person: str) -> bool:
        """Whether every laptop of this person is let in, seen or not; false if unknown."""
        return self.any_laptop and self.laptops.get(person, True)


async def audience_of(
    policy: Policy,
    rule: str,
    at: datetime,
    subjects: AsyncIterator[list[Subject]],
    before: Policy | None = None,
) -> Audience:
    """Decide these subjects by the policy as of ``at``. Without a policy ``before`` it, all are newly affected."""
    judge, former = OccasionJudge(policy), OccasionJudge(before) if before else None
    found = Audience(any_laptop=lets_in_laptops(judge, at))

    def look(page: list[Subject]) -> None:
        for subject in page:
            hits = [_look(judge, former, rule, at, occasion, found) for occasion in subject.occasions]
            found.nameless += any(hits) and not any(each.person for each in subject.occasions)

    async for page in subjects:
        await asyncio.to_thread(look, page)  # a gate that counts keeps serving mail
    return found


def unseen(_done: int, _total: int) -> None:
    """Progress that nobody looks at."""


async def everybody(population: Population, progress: Progress = unseen) -> AsyncIterator[list[Subject]]:
    """Yield all devices and strangers by pages. ``progress`` receives the number of devices done and of all devices."""
    count, done = await population.store.devices.count(), 0
    async for page in population.devices("", None):
        yield page
        done += len(page)
        progress(done, count)
    async for page in population.strangers():
        yield page


def _look(
    judge: OccasionJudge,
    former: OccasionJudge | None,
    rule: str,
    at: datetime,
    occasion: Occasion,
    found: Audience,
) -> bool:
    access, person = replace(occasion.after, now=at), occasion.person
    outcome = judge.outcome(access, occasion.unrecorded)
    if person and access.client.kind is Kind.LAPTOP:
        free = outcome.effect == Effect.ALLOW and found.laptops.get(person, True)
        found.laptops[person] = free
    unknown = outcome.effect == UNKNOWN or outcome.reason in PASSING
    if unknown and (rule in outcome.matched or outcome.rule == rule):
        found.undecided |= {person} - {""}
    if unknown or outcome.rule != rule or outcome.effect == Effect.ALLOW:
        return False
    if person:
        found.people[person].add(device_of(person, access, answer(judge, access, occasion.unrecorded)))
        found.about[person].add(told_device(person, access))
        was = former.outcome(replace(occasion.before, now=at), occasion.unrecorded) if former else None
        if was is None or was.effect != outcome.effect:
            found.newly.add(person)
    return True


class Told(NamedTuple):
    """What an answer means for a person: the effect, why, and what ends it."""

    effect: Effect
    reason: Reason = Reason.RULE_MATCHED
    apps: tuple[str, ...] = ()
    fix: str = ""


class RuleAnswer(NamedTuple):
    """The rule that decides an access, and what it means for the person."""

    rule: str
    told: Told


def answer(judge: OccasionJudge, access: Access, unrecorded: frozenset[str]) -> RuleAnswer | None:
    """The answer to an access; None if it depends on what was not recorded or cannot be had."""
    outcome = judge.outcome(access, unrecorded)
    if outcome.effect == UNKNOWN or outcome.reason in PASSING:
        return None
    if outcome.effect == Effect.ALLOW:
        return RuleAnswer(outcome.rule, Told(Effect.ALLOW))
    decision = decide(access, judge.policy)
    return RuleAnswer(decision.rule, Told(decision.effect, decision.reason, decision.apps, decision.fix))


def device_of(person: str, access: Access, given: RuleAnswer | None) -> NoticeDevice:
    """The device of an access as a mail to this person names it. Apps on somebody else's device are not named."""
    client, posture = access.client, access.posture
    kind, os = posture.kind or client.kind, posture.os or client.os
    told = given.told if given else Told(Effect.BLOCK)
    return NoticeDevice(told.reason, kind, os, told.apps if _is_own(person, posture) else (), told.fix)


def told_device(person: str, access: Access) -> ToldDevice:
    """The device as a notice goes by it. People see what is kept with their mails: no apps on another's device."""
    client, posture = access.client, access.posture
    kind, os = posture.kind or client.kind, posture.os or client.os
    apps = tuple(sorted(posture.apps)) if _is_own(person, posture) else ()
    return ToldDevice(kind, os, posture.state, apps)


def _is_own(person: str, posture: Posture) -> bool:
    return user_text(posture.owner) in ("", user_text(person))


AddressOf = Callable[[str], str]
"""Returns the company address of a login name; empty if it has none."""


@dataclass(frozen=True, slots=True)
class DataScope:
    """The stored reports and sightings that are used: how far reports are believed, and the days."""

    terms: PostureTerms
    days: int
    groups: Groups = NO_GROUPS
    """The members of groups, for a version that was stored without any."""

    def population(self, store: Store, rules: Rules, now: datetime) -> Population:
        """Everybody in the store, with the apps that these rules list."""
        lists, since = self._lists(rules), (now - timedelta(days=self.days)).date()
        return Population(store, lists, lists, since, now, self._groups(rules))

    def compared(self, store: Store, old: Rules, new: Rules, now: datetime) -> Population:
        """Everybody in the store, as the old rules see them and as the new ones do."""
        seen = self.population(store, old, now)
        return replace(seen, after=self._lists(new), groups_after=self._groups(new))

    def _lists(self, rules: Rules) -> PostureInputs:
        return PostureInputs(rules.policy.catalog, self.terms)

    def _groups(self, rules: Rules) -> Groups:
        return rules.groups if rules.groups.known else self.groups


def data_scope_of(bundle: Bundle) -> DataScope:
    """The stored data that is used by these files, as for a plan."""
    return DataScope(bundle.posture_terms, DAYS, bundle.groups)


class Recipients(StrEnum):
    """Whom to write to, of those whom a rule is about and who do not have its mail yet."""

    NEW = "new"
    """Those whom the version in force treats otherwise than the version before it."""
    UNTOLD = "untold"
    """These, and others who had no such mail by an earlier version."""
    ALL = "all"


@dataclass(frozen=True, slots=True)
class RecipientList:
    """The mails that may be queued, and the people who get none."""

    mails: tuple[Mail, ...]
    """One mail to each person who does not have it yet, by address."""
    newly: frozenset[str]
    """The addresses of people whom the version in force treats otherwise than the version before it."""
    told_earlier: frozenset[str]
    """The addresses of the others who had such a mail about this rule by an earlier version that was not rolled back."""
    written_before: int
    """How many people already have this mail, by the version in force."""
    unaddressed: tuple[str, ...]
    """Login names without an address in the company's domain."""
    nameless: int
    """How many devices and clients without a known owner the rule is about."""
    undecided: tuple[str, ...]
    """Login names for which it is unknown whether the rule is about them."""

    def to(self, whom: Recipients) -> tuple[Mail, ...]:
        parts = list(Recipients)[: list(Recipients).index(whom) + 1]
        return tuple(each for each in self.mails if self._first(each) in parts)

    def part(self, whom: Recipients) -> tuple[Mail, ...]:
        """The mails to those of them whom no smaller choice writes to."""
        return tuple(each for each in self.mails if self._first(each) is whom)

    def _first(self, mail: Mail) -> Recipients:
        """The smallest choice that writes this mail."""
        if mail.address in self.newly:
            return Recipients.NEW
        return Recipients.ALL if mail.address in self.told_earlier else Recipients.UNTOLD


async def list_recipients(
    store: Store,
    rules: Rules,
    active: Activation,
    topic: Topic,
    data_scope: DataScope,
    address_of: AddressOf,
    now: datetime,
    progress: Progress = unseen,
) -> RecipientList:
    """Find everybody whom the rule is about. Nothing is queued yet. Raises StoreUnavailableError."""
    before = await _version_before(store, active, rules.policy.reliefs)
    population = data_scope.compared(store, before or rules, rules, now)
    subjects = everybody(population, progress)
    found = await audience_of(
        rules.policy, topic.rule.id, topic.at, subjects, before.policy if before else None
    )
    taken_back = await store.retractions.last_of(active.number)
    languages = await store.languages.of(found.people)
    mails = await compute(_mails, topic, found, active.number, taken_back, languages, address_of, now)
    addressed = {address: each for address, each in mails.items() if each.address}
    like = next(iter(addressed.values()), None)
    written = await store.mails.known(like) if like else set()
    told = await store.mails.told_earlier(like) if like else set()
    newly = {address for address in map(address_of, found.newly) if address}
    return RecipientList(
        tuple(addressed[address] for address in sorted(addressed.keys() - written)),
        frozenset(newly - written),
        frozenset(told - newly - written),
        len(addressed.keys() & written),
        tuple(each.login for each in mails.values() if not each.address),
        found.nameless,
        tuple(sorted(found.undecided - found.people.keys())),
    )


def _mails(
    topic: Topic,
    found: Audience,
    version: int,
    taken_back: int,
    languages: Mapping[str, str],
    address_of: AddressOf,
    now: datetime,
) -> dict[str, Mail]:
    """The mails to everybody, by address; by login name if there is none."""
    mails: dict[str, Mail] = {}
    for login in sorted(found.people):
        notice = notice_about(topic, found, login, languages.get(login, ""))
        address, rule = address_of(login), topic.rule.id
        about = tuple(sorted(found.about[login]))
        made = Mail(address, login, rule, version, topic.kind, taken_back, notice, now, topic.until, about)
        mails[made.address or f" {login}"] = _joined(mails.get(made.address), made)
    return mails


async def _version_before(store: Store, active: Activation, reliefs: Reliefs) -> Rules | None:
    """The rules in force before; None if there are none that can be read, so that everybody may be newly affected."""
    history = await store.policies.history()
    before = next((each for each in history if each.number != active.number), None)
    try:
        return await rules_of_version(store, before.number, reliefs) if before else None
    except ConfigError:
        return None


async def rules_of_version(store: Store, number: int, reliefs: Reliefs) -> Rules:
    """The rules of a version that was in force, with these reliefs."""
    version = await store.policies.get(number)
    assert version is not None  # a foreign key makes sure that the version exists
    return (await compute(compile_rules, version.texts)).with_reliefs(reliefs)


async def queue(store: Store, mails: Iterable[Mail], person: Person, topic: Topic, now: datetime) -> int:
    """Queue these mails, and write an audit entry. Returns how many were not queued before."""

    def act(count: int) -> Act:
        entry = person.act(now, "notices-queued")
        about = f"rule {topic.rule.id}"
        return replace(entry, about=about, details={"kind": topic.kind.value, "mails": count})

    return await store.mails.queue(mails, act)


def notice_about(topic: Topic, audience: Audience, login: str, language: str) -> Notice:
    rule = topic.rule
    return Notice(
        topic.kind,
        language,
        title=rule.title or "",
        contact=rule.notice.contact or "",
        warns=rule.effect is Effect.WARN,
        warn_at=topic.warn_at,
        enforce_at=topic.enforce_at,
        devices=tuple(sorted(audience.people.get(login, ()))),
        laptop_allowed=audience.laptop_allowed(login),
    )


def _joined(one: Mail | None, other: Mail) -> Mail:
    """Two login names with one address are one person, who gets one mail about the devices of both."""
    if one is None or not one.address or one.notice is None or other.notice is None:
        return other
    first, second = one.notice, other.notice
    notice = replace(
        first,
        devices=tuple(dict.fromkeys((*first.devices, *second.devices))),
        laptop_allowed=first.laptop_allowed and second.laptop_allowed,
        language=first.language or second.language,
    )
    return replace(one, notice=notice, about=tuple(sorted({*one.about, *other.about})))


async def sample(
    store: Store, rules: Rules, topic: Topic, data_scope: DataScope, login: str, now: datetime
) -> Audience:
    """The audience among the devices of one person, or among all if no login is given."""
    population = data_scope.population(store, rules, now)
    subjects = _of(population.person(login)) if login else everybody(population)
    return await audience_of(rules.policy, topic.rule.id, topic.at, subjects)


async def _of(*pages: Awaitable[list[Subject]]) -> AsyncIterator[list[Subject]]:
    for each in pages:
        yield await each


def stand_in(policy: Policy, topic: Topic, any_laptop: bool) -> Audience:
    """An audience of one made-up phone, whose person has no name.

    If the rule is about apps, the phone has the first that it names, so that the mail names one and has the steps for
    it.
    """
    rule, catalog = topic.rule, policy.catalog
    apps = tuple(sorted(apps_named(rule.when, catalog))[:1])
    state = PostureState.LISTED if apps else PostureState.MISSING
    client = Client(Kind.PHONE, handheld=True, os="ios")
    access = Access(RequestFacts(), client, Posture(state, apps=apps), topic.at)
    reason = rule.reason or infer(rule.when, rule.effect, access, catalog)
    names = tuple(map(catalog.name_of, apps)) if reason is Reason.PROHIBITED_APP else ()
    found = Audience(any_laptop=any_laptop)
    found.people[""].add(NoticeDevice(reason, Kind.PHONE, "ios", names, rule.notice.fix or ""))
    return found


async def made_up(policy: Policy, topic: Topic) -> Notice:
    """The notice to a made-up person. What it says about laptops is true by these rules."""
    looked = await audience_of(policy, topic.rule.id, topic.at, _of())
    return notice_about(topic, stand_in(policy, topic, looked.any_laptop), "", "")


def made_up_correction(policy: Policy) -> Notice:
    """The correction to a made-up person who was kept out by the first rule of this policy that restricts."""
    rule = next((each for each in policy.rules if each.restricts), None)
    reason = (rule and rule.reason) or Reason.RULE_MATCHED
    reached = RuleEncounter(EncounterKind.REFUSAL, (rule and rule.title) or "", reason)
    contact = (rule and rule.notice.contact) or ""
    return Notice(
        MailKind.CORRECTION,
        contact=contact,
        encounters=(reached,),
        devices=(NoticeDevice(Reason.RULE_MATCHED, Kind.PHONE, "ios", standing=Standing.OPEN),),
    )
