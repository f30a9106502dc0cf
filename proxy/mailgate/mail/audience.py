"""The audience of a rule: the people whom it warns or keeps out, at the moment that a mail is about."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailgate.classify import classify
from mailgate.engine.decide import decide
from mailgate.model import Access, Decision, Effect, Kind, Posture, Reason, RequestFacts
from mailgate.model.notice import NoticeDevice
from mailgate.policy import Policy
from mailgate.policy.variables import VARIABLES
from mailgate.rollout.population import Population
from mailgate.simulate import UNKNOWN, Judge, Occasion, Subject

Progress = Callable[[int, int], None]

_SLICE = 50
"""How many subjects are decided before other tasks get a turn."""

PASSING = frozenset({Reason.RULE_ERROR, Reason.POSTURE_UNAVAILABLE, Reason.INTERNAL_ERROR})
"""Reasons with which a rule could not be decided. They do not show that it is about anybody."""

_LAPTOP = RequestFacts(
    headers={
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
    }
)
_SAME_FOR_EVERY_LAPTOP = frozenset(
    "client.kind client.handheld client.contradicted request.method request.protocol now".split()
)
_DIFFERS_BETWEEN_LAPTOPS = frozenset(
    name for name in VARIABLES if name not in _SAME_FOR_EVERY_LAPTOP and not name.startswith("device.")
)
"""Variables in which laptops differ. If an answer depends on one, the mail says nothing about laptops, since the
laptops here are made up."""


@dataclass
class Audience:
    """The people whom the rule warns, asks for proof or keeps out at one moment."""

    people: dict[str, set[NoticeDevice]] = field(default_factory=lambda: defaultdict(set))
    """The people by login name, each with the devices that the rule is about."""
    nameless: int = 0
    """How many devices and clients without a known owner the rule is about."""
    undecided: set[str] = field(default_factory=set)
    """People for whom it is unknown whether the rule is about them."""
    laptops: dict[str, bool] = field(default_factory=dict)
    """People who were seen on a laptop, and whether all their laptops are let in."""
    any_laptop: bool = False
    """Whether every laptop browser is let in."""

    def laptop_allowed(self, person: str) -> bool:
        """Whether this person's laptop browser is let in; false if unknown."""
        return self.laptops.get(person, self.any_laptop)


async def audience_of(
    policy: Policy, rule: str, at: datetime, subjects: AsyncIterator[list[Subject]]
) -> Audience:
    """Decide these subjects by the policy as of ``at``."""
    judge = Judge(policy)
    found = Audience(any_laptop=_lets_in_laptops(judge, at))
    async for page in subjects:
        for number, subject in enumerate(page):
            if number % _SLICE == 0:
                await asyncio.sleep(0)  # a gate that counts keeps serving requests
            hits = [_look(judge, rule, at, occasion, found) for occasion in subject.occasions]
            found.nameless += any(hits) and not any(each.person for each in subject.occasions)
    return found


async def everybody(population: Population, progress: Progress) -> AsyncIterator[list[Subject]]:
    """Yield all devices and strangers by pages. ``progress`` receives the number of devices done and of all devices."""
    count, done = await population.store.devices.count(), 0
    async for page in population.devices("", None):
        yield page
        done += len(page)
        progress(done, count)
    async for page in population.strangers():
        yield page


def _look(judge: Judge, rule: str, at: datetime, occasion: Occasion, found: Audience) -> bool:
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
        found.people[person].add(_device(access, decide(access, judge.policy)))
    return True


def _device(access: Access, decision: Decision) -> NoticeDevice:
    client, posture = access.client, access.posture
    kind, os = posture.kind or client.kind, posture.os or client.os
    return NoticeDevice(decision.reason, kind, os, decision.apps, decision.fix)


def _lets_in_laptops(judge: Judge, at: datetime) -> bool:
    laptop = Access(_LAPTOP, classify(_LAPTOP), Posture(), at)
    return judge.outcome(laptop, _DIFFERS_BETWEEN_LAPTOPS).effect == Effect.ALLOW
