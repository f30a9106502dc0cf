"""Decisions that were made already: the answer of ``decide``, worked out once for all who have the same grounds."""

from cachetools import LRUCache

from mailgate.decide import decide
from mailgate.grounds import Grounds
from mailgate.model import Access, Decision, Reason
from mailgate.policy.rules import Policy

SIZE = 4096
"""Decisions that are kept. Most policies read so little of a request that a few dozen are all there are."""

LONGEST = 1024
"""Characters of a request line up to which its decision is kept: a rule may read all of them."""

_FAILED = frozenset({Reason.INTERNAL_ERROR, Reason.RULE_ERROR})


class Decided:
    """The last decisions by the policy in force; another policy starts anew. For one thread at a time.

    A failure is never kept, and a decision by the clock neither (``Grounds.lasts``).
    """

    def __init__(self, size: int = SIZE) -> None:
        self._policy: Policy | None = None
        self._grounds: Grounds | None = None
        self._kept: LRUCache[object, Decision] = LRUCache(size)

    def grounds(self, policy: Policy) -> Grounds:
        """What decisions by this policy rest on."""
        if self._grounds is None or policy is not self._policy:
            self._policy, self._grounds = policy, Grounds(policy)
            self._kept.clear()
        return self._grounds

    def decide(self, access: Access, policy: Policy) -> Decision:
        """The same as ``decide``. Never raises."""
        try:
            grounds = self.grounds(policy)
            key = grounds.of(access)
            kept = self._kept.get(key)
        except Exception:  # noqa: BLE001 - what cannot be read is for decide to answer
            return decide(access, policy)
        if kept is not None:
            return kept
        decision = decide(access, policy)
        if decision.reason not in _FAILED and grounds.lasts(decision) and _is_short(access):
            self._kept[key] = decision
        return decision


def _is_short(access: Access) -> bool:
    return len(access.facts.method) + len(access.facts.path) <= LONGEST
