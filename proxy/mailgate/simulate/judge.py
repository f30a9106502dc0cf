"""Decides many occasions by one policy: every one as ``decide`` would, those that look alike to the policy once.

What was never recorded stays unknown: an answer that hangs on it is no answer.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from mailgate.decide import decide, not_subject, stage_of
from mailgate.grounds import Grounds
from mailgate.model import Access, Reason, Stage
from mailgate.policy.condition import EvaluationError, UnknownValueError
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.variables import activate

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
    """Decides many occasions by one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._grounds = Grounds(policy)
        self._rules = {rule.id: rule for rule in policy.rules}
        self._known: dict[Hashable, Outcome] = {}

    def outcome(self, access: Access, untold: frozenset[str] = frozenset(), key: Hashable = None) -> Outcome:
        """The same as ``decide``, or unknown where that hangs on what was not recorded.

        :param key: what ``key`` says of both, where the caller has it already.
        """
        key = key or self.key(access, untold)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._decide(access, untold)
        return found

    def key(self, access: Access, untold: frozenset[str]) -> Hashable:
        """Everything of an access that its outcome can depend on."""
        return untold, self._grounds.of(access, dates=False), self._grounds.times(access)

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
