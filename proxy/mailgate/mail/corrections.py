"""Corrections: mails to the people who were reached by a rule that was then taken back.

A rule reached the people who were refused, were shown the page of a warning, or got a mail under a version that was
taken back. A rule that is unchanged in the version now in force was not taken back, and nobody is corrected about it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailgate.config import Rules, compile_rules
from mailgate.devices.names import user_text
from mailgate.devices.posture import owner_of
from mailgate.mail.recipient_list import AddressOf, DataScope
from mailgate.model import Effect, Reason
from mailgate.model.notice import EncounterKind, MailKind, Notice, RuleEncounter
from mailgate.policy import Policy
from mailgate.policy.rules import DEFAULT_RULE, DISCOVERY_RULE, LOST_RULE
from mailgate.rollout.person import Person
from mailgate.rollout.replay import PostureInputs
from mailgate.simulate import Judge, Occasion
from mailgate.store import Act, Mail, Retraction, Store
from mailgate.tasks import compute

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
    """One mail to each person who was reached by a rule that no longer holds, whether it was queued before or not."""
    target = await _rules(store, in_force)
    found = ReachedPeople()
    for number in retraction.versions:
        old = await _rules(store, number)
        comparison = _Comparison(store, old, target, data_scope, now)
        if old.policy.version in retraction.policies:
            await _by_page(comparison, retraction, found)
            await _by_mail(comparison, retraction.serial, number, found)
    languages = await store.languages.of(found.people)
    clear = _Clear(store, target, data_scope, now)
    made: dict[str, Mail] = {}
    for login in sorted(found.people):
        address = address_of(login)
        if not address:
            continue
        other = made[address].notice if address in made else None  # the same person by another login name
        notice = Notice(
            MailKind.CORRECTION,
            languages.get(login, ""),
            contact=found.contacts.get(login, ""),
            encounters=tuple(sorted(found.people[login].union(other.encounters if other else ()))),
            mail_restored=await clear.of(login) and (other is None or other.mail_restored),
            versions=tuple(retraction.versions),
        )
        number, serial = retraction.versions[0], retraction.serial
        made[address] = Mail(address, login, "", number, MailKind.CORRECTION, serial, notice, now)
    return list(made.values()), found


async def _rules(store: Store, number: int) -> Rules:
    version = await store.policies.get(number)
    assert version is not None  # a foreign key makes sure that the version exists
    return await compute(compile_rules, version.texts)


class _Comparison:
    """Compares a version that was taken back with the version in force."""

    def __init__(self, store: Store, old: Rules, target: Rules, data_scope: DataScope, now: datetime) -> None:
        self.store, self.policy, self.precedence = store, old.policy, data_scope.precedence
        before, after = (
            PostureInputs(each.policy.catalog, data_scope.max_age, data_scope.precedence)
            for each in (old, target)
        )
        self.population = replace(data_scope.population(store, old, now), before=before, after=after)
        self._judges = Judge(old.policy), Judge(target.policy)
        self._unchanged = {
            name for name in (*_named(old.policy), DEFAULT_RULE) if _holds(old.policy, target.policy, name)
        }

    def holds(self, rule: str) -> bool:
        """Whether the version in force has this rule unchanged. The answers to lost devices and to searches for the
        mail server come from no rule, and are the same in every version."""
        return rule in self._unchanged or rule in (LOST_RULE, DISCOVERY_RULE)

    def moves(self, occasions: Iterable[Occasion]) -> bool:
        """Whether the two versions decide differently on one of these. An unchanged rule may still decide on other
        people than before."""
        old, new = self._judges
        return any(
            old.outcome(each.before, each.unrecorded).effect
            != new.outcome(each.after, each.unrecorded).effect
            for each in occasions
        )

    def title(self, rule: str) -> str:
        if rule == DEFAULT_RULE:
            return self.policy.default.title or ""
        return next((each.title or "" for each in self.policy.rules if each.id == rule), "")

    def contact(self, rule: str) -> str:
        notices = {each.id: each.notice for each in self.policy.rules}
        return notices.get(rule, self.policy.default.notice).contact or ""


def _named(policy: Policy) -> list[str]:
    return [rule.id for rule in policy.rules]


def _holds(old: Policy, new: Policy, name: str) -> bool:
    if name == DEFAULT_RULE:
        return old.default == new.default
    one, other = (next((r for r in each.rules if r.id == name), None) for each in (old, new))
    if one is None or other is None or one.model_dump(mode="json") != other.model_dump(mode="json"):
        return False
    reads_lists = any(each.startswith("device.") for each in one.when.reads)
    return not reads_lists or (old.catalog == new.catalog)


async def _by_page(comparison: _Comparison, retraction: Retraction, found: ReachedPeople) -> None:
    since = retraction.policies[comparison.policy.version]
    shown = await comparison.store.retractions.shown(comparison.policy.version, since)
    devices = await comparison.population.called({each.way.device for each in shown})
    for each in shown:
        if comparison.holds(each.rule):
            if each.rule in (LOST_RULE, DISCOVERY_RULE):
                continue
            if not comparison.moves([await comparison.population.seen(each.way, devices)]):
                continue
        device = devices.get(each.way.device)
        login = user_text(each.way.user or (owner_of(device, comparison.precedence) if device else ""))
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
        if comparison.holds(mail.rule):
            subjects = await comparison.population.person(mail.login)
            if not comparison.moves(each for subject in subjects for each in subject.occasions):
                continue
        title = comparison.title(mail.rule)
        found.people[mail.login].add(RuleEncounter(EncounterKind.MAIL, title, Reason.RULE_MATCHED))
        found.contacts.setdefault(mail.login, comparison.contact(mail.rule))


class _Clear:
    """Tells whether the version in force lets in all devices of a person."""

    def __init__(self, store: Store, target: Rules, data_scope: DataScope, now: datetime) -> None:
        self._population = data_scope.population(store, target, now)
        self._judge = Judge(target.policy)

    async def of(self, login: str) -> bool:
        subjects = await self._population.person(login)
        occasions: Sequence[Occasion] = [each for subject in subjects for each in subject.occasions]
        outcomes = (self._judge.outcome(each.after, each.unrecorded).effect for each in occasions)
        return all(effect == Effect.ALLOW for effect in outcomes)
