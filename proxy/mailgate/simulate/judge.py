"""Decides many occasions by one policy: every one as ``decide`` would, those that look alike to the policy once.

What was never recorded stays unknown: an answer that hangs on it is no answer.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from mailgate.classify.discovery import asks_the_way
from mailgate.decide import decide, new_until, not_subject, share_subject, stage_of
from mailgate.model import Access, PostureState, Reason, Stage
from mailgate.policy.condition import EvaluationError, UnknownValueError
from mailgate.policy.groups import in_groups
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.stages import in_share
from mailgate.policy.variables import VARIABLES, activate

UNKNOWN = "unknown"
"""In place of an effect that hangs on what was not recorded."""

_REMEMBERED = 50_000
"""Outcomes that a judge keeps; with a condition on an age every device may have one of its own."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy does on one occasion. ``effect`` is an effect's word, or ``UNKNOWN``."""

    effect: str
    rule: str
    reason: Reason
    matched: tuple[str, ...] = ()
    """Rules that match, those that only report too; and those that may match, where it is unknown."""
    untold: tuple[str, ...] = ()
    """Where it is unknown: the variables that it hangs on."""


class Judge:
    """Decides many occasions by one policy. All of them are of the same moment."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._readers = [_reader(name) for name in sorted(policy.reads)]
        self._partial = [rule for rule in policy.rules if rule.share < 1]
        self._grouped = [rule for rule in policy.rules if rule.groups]
        self._waiting = [rule for rule in policy.rules if rule.grace]
        self._rules = {rule.id: rule for rule in policy.rules}
        self._known: dict[Hashable, Outcome] = {}

    def outcome(self, access: Access, untold: frozenset[str] = frozenset()) -> Outcome:
        """The same as ``decide``, or unknown where that hangs on what was not recorded."""
        key = self.key(access, untold)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._decide(access, untold)
        return found

    def key(self, access: Access, untold: frozenset[str]) -> Hashable:
        """Everything of an access that its outcome can depend on."""
        posture, client, proof = access.posture, access.client, access.attestation
        return (
            untold,
            posture.state,
            posture.apps,
            posture.lost,
            bool(posture.findings),
            proof is None or proof.refused,
            client.kind,
            client.contradicted,
            asks_the_way(access.facts),
            tuple([each.number for each in self.policy.reliefs.about(access)]),
            self._shares(access) if self._partial else (),
            tuple([in_groups(rule.groups, access.user, rule.effect) for rule in self._grouped]),
            tuple([new_until(rule, access) is not None for rule in self._waiting]),
            _last_known(access) if posture.state is PostureState.UNAVAILABLE else (),
            *[read(access) for read in self._readers],
        )

    def _shares(self, access: Access) -> Hashable:
        subject = share_subject(access)
        return tuple([in_share(rule.share, rule.id, subject, rule.effect) for rule in self._partial])

    def hanging(self, access: Access, untold: frozenset[str]) -> set[str]:
        """The conditions that could come out either way, were the values known that are not."""
        return {
            rule.when.text
            for rule in self.policy.rules
            if rule.when.reads & untold and _hangs(rule, access, untold)
        }

    def _decide(self, access: Access, untold: frozenset[str]) -> Outcome:
        decision = decide(access, self.policy)
        tried = [
            (self._rules[trial.rule], trial.matched) for trial in decision.trials if trial.rule in self._rules
        ]
        reliefs = self.policy.reliefs.about(access)
        hanging = [rule for rule, _ in tried if rule.when.reads & untold and _hangs(rule, access, untold)]
        may = tuple(rule.id for rule, matched in tried if matched or rule in hanging)
        deciding = [
            rule for rule in hanging if stage_of(rule, access.now, reliefs)[0] is not Stage.REPORT_ONLY
        ]
        if not deciding:
            return Outcome(decision.effect.value, decision.rule, decision.reason, may)
        names = sorted({name for rule in deciding for name in rule.when.reads & untold})
        return Outcome(UNKNOWN, deciding[0].id, decision.reason, may, tuple(names))


def _reader(name: str) -> Callable[[Access], Hashable]:
    """What reads a variable, in a form that can be compared and looked up."""
    read: Callable[[Access], Any] = VARIABLES[name].read
    return (lambda access: tuple(read(access))) if VARIABLES[name].type.startswith("list") else read


def _last_known(access: Access) -> Hashable:
    posture = access.posture
    return posture.last_state, posture.expires_at is not None and access.now < posture.expires_at


def _hangs(rule: Rule, access: Access, untold: frozenset[str]) -> bool:
    """Whether the condition could come out either way, were the values known that are not."""
    stage, _ = stage_of(rule, access.now, ())
    if stage is Stage.PENDING or not_subject(rule, stage, access):
        return False
    try:
        rule.when.holds(activate(access, rule.when.reads - untold))
    except UnknownValueError:
        return True
    except EvaluationError:
        return False
    return False
