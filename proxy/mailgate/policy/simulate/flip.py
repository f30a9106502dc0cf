"""The smallest changes that would turn a verdict over, found by deciding again with each of them.

The text of a condition only suggests which changes to try. Every reported change was decided by ``decide``, and no part
of it would have been enough.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from mailgate.model import Access, Decision, Effect
from mailgate.policy.decide import decide
from mailgate.policy.rules import Policy
from mailgate.policy.simulate.steps import (
    Fact,
    PolicyCase,
    Step,
    StepBy,
    StepKind,
    actionable_steps,
    hypothetical_steps,
)

MAX_STEPS = 2
"""The most steps that are tried together."""

LET_IN = frozenset({Effect.ALLOW})
KEPT_OUT = frozenset({Effect.CHALLENGE, Effect.BLOCK})

VARIED = frozenset(
    "client.kind client.handheld client.assurance client.form client.os client.os_version client.browser_version client.contradicted "
    "client.probed device.os_version extension.version extension.browser_version extension.os_version "
    "device.state device.known device.apps device.lists device.managed device.kind device.sources "
    "device.contradicted device.findings device.age device.absence attestation.valid attestation.status attestation.issuer "
    "attestation.refused certificate.valid certificate.refused request.remote user.name user.groups now".split()
)
"""The variables that some step changes."""

_ORDER = list(StepKind)


@dataclass(frozen=True, slots=True)
class Flip:
    """Steps that together turn the verdict over, and the decision after them."""

    steps: tuple[Step, ...]
    decision: Decision

    @property
    def facts(self) -> frozenset[Fact]:
        """Everything that changes with it."""
        return frozenset[Fact]().union(*(step.facts for step in self.steps))


@dataclass(frozen=True, slots=True)
class Flips:
    """Every smallest change to one of the ``wanted`` effects, with the fewest parts first: of one step if one is enough,
    otherwise of two; none if two are not enough."""

    wanted: frozenset[Effect]
    actionable: tuple[Flip, ...]
    """Changes that a person, the company or time can bring about."""
    hypothetical: tuple[Flip, ...]
    """Changes that would take another device, person or share."""
    untried: tuple[str, ...]
    """Variables that the rules read and that no step changes."""


def flips_both_ways(access: Access, policy: Policy, effect: Effect) -> tuple[Flips, ...]:
    """The flips that would let this access in, and those that would keep it out, unless that is so already."""
    ways = (LET_IN, KEPT_OUT)
    return tuple(flips(access, policy, wanted) for wanted in ways if effect not in wanted)


def flips(access: Access, policy: Policy, wanted: frozenset[Effect]) -> Flips:
    """The smallest changes that lead from this access to one of the ``wanted`` effects. Pure."""
    question = (access, policy)
    real = list(actionable_steps(access, policy))
    found = _smallest(question, real, wanted, ())
    every = [*real, *hypothetical_steps(access, policy)]
    others = _smallest(question, every, wanted, found, only_with=StepBy.NOBODY)
    return Flips(wanted, found, others, tuple(sorted(policy.reads - VARIED)))


def _smallest(
    question: PolicyCase,
    steps: Sequence[Step],
    wanted: frozenset[Effect],
    before: Sequence[Flip],
    only_with: StepBy | None = None,
) -> tuple[Flip, ...]:
    for size in range(1, MAX_STEPS + 1):
        together = [
            chosen
            for chosen in combinations(steps, size)
            if _fit(chosen) and (only_with is None or any(step.by is only_with for step in chosen))
        ]
        found = _minimal([*_flipping(question, together, wanted)], before)
        if found:
            return tuple(found)
    return ()


def _fit(steps: Iterable[Step]) -> bool:
    kinds = [step.what for step in steps]
    return len(kinds) == len(set(kinds))


def _flipping(
    question: PolicyCase, together: Iterable[tuple[Step, ...]], wanted: frozenset[Effect]
) -> Iterator[Flip]:
    for steps in together:
        decision = decide(*after_steps(question, steps))
        if decision.effect in wanted:
            yield Flip(steps, decision)


def after_steps(question: PolicyCase, steps: Iterable[Step]) -> PolicyCase:
    """The access and the rules after these steps."""
    for step in sorted(steps, key=lambda step: _ORDER.index(step.what)):
        question = step.apply(question)
    return question


def _minimal(found: Sequence[Flip], before: Sequence[Flip]) -> list[Flip]:
    """The flips that contain no smaller flip, the smallest first. Of several waits for the same thing, only the shortest is kept."""
    kept: list[Flip] = []
    # a flip that is contained in another one has fewer facts
    for flip in sorted(found, key=lambda flip: len(flip.facts)):
        if not any(other.facts <= flip.facts for other in (*before, *kept)):
            kept.append(flip)
    return kept
