"""Corrections: who was told something by rules that were taken back, and is told that it no longer holds.

Told is whoever was refused, was shown the page of a warning, or was written to under a version that was taken back. Who
was told by a rule that holds just so in the version now in force is not: for them nothing was taken back.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mailgate.config import Rules, compile_rules
from mailgate.devices.names import user_text
from mailgate.devices.posture import owner_of
from mailgate.mail.announce import AddressOf, Known
from mailgate.model import Effect, Reason
from mailgate.policy import Policy
from mailgate.policy.rules import DEFAULT_RULE, DISCOVERY_RULE, LOST_RULE
from mailgate.rollout.acts import Person
from mailgate.rollout.replay import Lists
from mailgate.simulate import Judge, Occasion
from mailgate.store import Act, Mailing, MailKind, Retraction, Store

LOOKED_FOR = timedelta(hours=24)
"""How long somebody is looked for whose refusal is written down late: by a gate that was cut off, from a spool."""
_SOON = timedelta(seconds=2)

MAILED, WARNED, KEPT_OUT = "mailed", "warned", "kept-out"


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """One thing that somebody was told."""

    how: str
    title: str
    reason: str


@dataclass
class Found:
    """Who is to be corrected, by login name, and who cannot be."""

    people: dict[str, set[Said]] = field(default_factory=lambda: defaultdict(set))
    contacts: dict[str, str] = field(default_factory=dict)
    nameless: int = 0


def is_due(retraction: Retraction, now: datetime) -> bool:
    """Whether to look (again): at once, then at growing distances, since what was written down late is rare."""
    if retraction.looked_at is None:
        return True
    return now - retraction.looked_at >= max(_SOON, retraction.looked_at - retraction.at)


async def correct(store: Store, known: Known, address_of: AddressOf, person: Person, now: datetime) -> int:
    """Queue the corrections that are due. Returns how many. Raises StoreUnavailableError."""
    count = 0
    for retraction in await store.retractions.open():
        if is_due(retraction, now):
            count += await _correct(store, retraction, known, address_of, person, now)
    return count


async def _correct(
    store: Store, retraction: Retraction, known: Known, address_of: AddressOf, person: Person, now: datetime
) -> int:
    active = await store.policies.active()
    if active is None or active.number in retraction.versions:  # put in force anew: it holds again
        await store.retractions.looked(retraction.serial, now, done=True)
        return 0
    mailings, found = await corrections(store, retraction, active.number, known, address_of, now)

    def act(count: int) -> Act:
        told = person.act(now, "corrections-queued")
        about = f"version {retraction.versions[0]}"
        return replace(told, about=about, details={"mails": count, "nameless": found.nameless})

    count = await store.mailings.queue(mailings, act)
    await store.retractions.looked(retraction.serial, now, done=now - retraction.at >= LOOKED_FOR)
    return count


async def corrections(
    store: Store,
    retraction: Retraction,
    in_force: int,
    known: Known,
    address_of: AddressOf,
    now: datetime,
) -> tuple[list[Mailing], Found]:
    """One mailing for each who was told something that no longer holds, whether it was queued before or not."""
    target = await _rules(store, in_force)
    found = Found()
    for number in retraction.versions:
        old = await _rules(store, number)
        comparison = _Comparison(store, old, target, known, now)
        if old.policy.version in retraction.policies:
            await _shown(comparison, retraction, found)
            await _mailed(comparison, retraction.serial, number, found)
    languages = await store.languages.of(found.people)
    clear = _Clear(store, target, known, now)
    made: dict[str, Mailing] = {}
    for login in sorted(found.people):
        address = address_of(login)
        if not address:
            continue
        said = found.people[login] | _before(made.get(address))
        facts = {
            "language": languages.get(login, ""),
            "said": [[each.how, each.title, each.reason] for each in sorted(said)],
            "clear": await clear.of(login) and (address not in made or made[address].facts["clear"]),
            "contact": found.contacts.get(login, ""),
            "versions": list(retraction.versions),
        }
        number, serial = retraction.versions[0], retraction.serial
        made[address] = Mailing(address, login, "", number, MailKind.CORRECTION, serial, facts, now)
    return list(made.values()), found


def _before(mailing: Mailing | None) -> set[Said]:
    """What the same person was told under another login name."""
    return {Said(*each) for each in mailing.facts["said"]} if mailing else set()


async def _rules(store: Store, number: int) -> Rules:
    version = await store.policies.get(number)
    assert version is not None  # a foreign key holds it
    return compile_rules(version.texts)


class _Comparison:
    """What one version that was taken back says, beside what the version in force says."""

    def __init__(self, store: Store, old: Rules, target: Rules, known: Known, now: datetime) -> None:
        self.store, self.policy, self.precedence = store, old.policy, known.precedence
        before, after = (
            Lists(each.policy.catalog, known.max_age, known.precedence) for each in (old, target)
        )
        self.population = replace(known.population(store, old, now), before=before, after=after)
        self._judges = Judge(old.policy), Judge(target.policy)
        self._unchanged = {
            name for name in (*_named(old.policy), DEFAULT_RULE) if _holds(old.policy, target.policy, name)
        }

    def holds(self, rule: str) -> bool:
        """Whether the version in force has just this rule. Two answers are no rule's, and hold in every version."""
        return rule in self._unchanged or rule in (LOST_RULE, DISCOVERY_RULE)

    def moves(self, occasions: Iterable[Occasion]) -> bool:
        """Whether the two versions differ for somebody now. A rule that holds may still take others than before."""
        old, new = self._judges
        return any(
            old.outcome(each.before, each.untold).effect != new.outcome(each.after, each.untold).effect
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


async def _shown(comparison: _Comparison, retraction: Retraction, found: Found) -> None:
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
        how = WARNED if each.effect == Effect.WARN else KEPT_OUT
        found.people[login].add(Said(how, comparison.title(each.rule), each.reason))
        found.contacts.setdefault(login, comparison.contact(each.rule))


async def _mailed(comparison: _Comparison, serial: int, number: int, found: Found) -> None:
    for mailing in await comparison.store.mailings.told_under([number], serial):
        if comparison.holds(mailing.rule):
            subjects = await comparison.population.person(mailing.login)
            if not comparison.moves(each for subject in subjects for each in subject.occasions):
                continue
        found.people[mailing.login].add(
            Said(MAILED, comparison.title(mailing.rule), Reason.RULE_MATCHED.value)
        )
        found.contacts.setdefault(mailing.login, comparison.contact(mailing.rule))


class _Clear:
    """Whether the version in force lets in everything that somebody has."""

    def __init__(self, store: Store, target: Rules, known: Known, now: datetime) -> None:
        self._population = known.population(store, target, now)
        self._judge = Judge(target.policy)

    async def of(self, login: str) -> bool:
        subjects = await self._population.person(login)
        occasions: Sequence[Occasion] = [each for subject in subjects for each in subject.occasions]
        outcomes = (self._judge.outcome(each.after, each.untold).effect for each in occasions)
        return all(effect == Effect.ALLOW for effect in outcomes)
