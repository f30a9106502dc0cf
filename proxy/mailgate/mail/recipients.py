"""Whom one rule is about: everybody in the store, decided at the moment that a mail speaks of."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from mailgate.classify import classify
from mailgate.engine.decide import decide
from mailgate.model import Access, Decision, Effect, Kind, Posture, Reason, RequestFacts
from mailgate.policy import Policy
from mailgate.policy.variables import VARIABLES
from mailgate.rollout.population import Population
from mailgate.simulate import UNKNOWN, Judge, Occasion, Subject

Progress = Callable[[int, int], None]

_BREATH = 50
"""Subjects that are decided before others have a turn."""

PASSING = frozenset({Reason.RULE_ERROR, Reason.POSTURE_UNAVAILABLE, Reason.INTERNAL_ERROR})
"""Answers by a rule that do not say that it is about somebody."""

_LAPTOP = RequestFacts(
    headers={
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"
    }
)
_SAME_OF_EVERY_LAPTOP = frozenset(
    "client.kind client.handheld client.contradicted request.method request.protocol now".split()
)
_UNTOLD_OF_A_LAPTOP = frozenset(
    name for name in VARIABLES if name not in _SAME_OF_EVERY_LAPTOP and not name.startswith("device.")
)
"""What laptops differ in: where an answer hangs on it, nothing is claimed of them. Their devices have not reported."""


class Device(NamedTuple):
    """Devices of one person that the rule is about, as far as a mail tells them apart."""

    reason: str
    kind: str
    os: str
    apps: tuple[str, ...]
    """Display names of the listed apps that are the cause."""
    fix: str


@dataclass
class Recipients:
    """Whom the rule warns, asks for proof or keeps out at that moment, by login name."""

    people: dict[str, set[Device]] = field(default_factory=lambda: defaultdict(set))
    nameless: int = 0
    """Devices and clients that it is about, of which nobody knows whose they are."""
    untold: set[str] = field(default_factory=set)
    """People of whom it cannot be told whether it is about them."""
    laptops: dict[str, bool] = field(default_factory=dict)
    """People with a laptop, and whether all of theirs are let in."""
    any_laptop: bool = False
    """Whether a laptop browser is let in whoever has it."""

    def laptop_free(self, person: str) -> bool:
        """Whether this person's laptop browser is let in; False also where nobody can tell."""
        return self.laptops.get(person, self.any_laptop)


async def recipients_of(
    policy: Policy, rule: str, at: datetime, subjects: AsyncIterator[list[Subject]]
) -> Recipients:
    """Decide these by the policy as of ``at``."""
    judge = Judge(policy)
    found = Recipients(any_laptop=_lets_in_laptops(judge, at))
    async for page in subjects:
        for number, subject in enumerate(page):
            if number % _BREATH == 0:
                await asyncio.sleep(0)  # a gate that counts for somebody serves requests meanwhile
            hits = [_look(judge, rule, at, occasion, found) for occasion in subject.occasions]
            found.nameless += any(hits) and not any(each.person for each in subject.occasions)
    return found


async def everybody(population: Population, progress: Progress) -> AsyncIterator[list[Subject]]:
    """Pages of all devices and strangers; ``progress`` is told how many devices are done, and of how many."""
    count, done = await population.store.devices.count(), 0
    async for page in population.devices("", None):
        yield page
        done += len(page)
        progress(done, count)
    async for page in population.strangers():
        yield page


def _look(judge: Judge, rule: str, at: datetime, occasion: Occasion, found: Recipients) -> bool:
    access, person = replace(occasion.after, now=at), occasion.person
    outcome = judge.outcome(access, occasion.untold)
    if person and access.client.kind is Kind.LAPTOP:
        free = outcome.effect == Effect.ALLOW and found.laptops.get(person, True)
        found.laptops[person] = free
    unknown = outcome.effect == UNKNOWN or outcome.reason in PASSING
    if unknown and (rule in outcome.matched or outcome.rule == rule):
        found.untold |= {person} - {""}
    if unknown or outcome.rule != rule or outcome.effect == Effect.ALLOW:
        return False
    if person:
        found.people[person].add(_device(access, decide(access, judge.policy)))
    return True


def _device(access: Access, decision: Decision) -> Device:
    client, posture = access.client, access.posture
    return Device(
        decision.reason.value,
        (posture.kind or client.kind).value,
        posture.os or client.os,
        decision.apps,
        decision.fix,
    )


def _lets_in_laptops(judge: Judge, at: datetime) -> bool:
    laptop = Access(_LAPTOP, classify(_LAPTOP), Posture(), at)
    return judge.outcome(laptop, _UNTOLD_OF_A_LAPTOP).effect == Effect.ALLOW
