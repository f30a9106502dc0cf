"""The audience of a rule: the people whom it warns or keeps out, at the moment that a mail is about."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from mailgate.model import Access, Effect, Kind, Posture, Reason
from mailgate.model.notice import NoticeDevice, ToldDevice
from mailgate.policy import Policy
from mailgate.policy.decide import decide
from mailgate.policy.people import user_text
from mailgate.policy.simulate.impact import Subject
from mailgate.policy.simulate.judge import UNKNOWN, Occasion, OccasionJudge, lets_in_laptops
from mailgate.rollout.replay import Population

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
