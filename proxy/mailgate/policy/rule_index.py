"""Which rules have to be read for a request. The others are surely skipped: they are about other clients, people or devices.

A rule is left out only if its condition is false with the value of one variable, whatever all other values are
(``Condition.never`` and ``Condition.needs``), in every reading of who asks, or if the person is known to be in none of its groups. So a rule is read if its
condition might hold, might fail or might be undetermined.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from mailgate.model import Access, PostureState
from mailgate.policy.condition import Condition
from mailgate.policy.people import confusable_name, has_one_reading
from mailgate.policy.variables import VARIABLES, is_odd


class Indexed(NamedTuple):
    """The parts of a rule that the index has to know."""

    when: Condition
    groups: tuple[str, ...]
    restricts: bool


class RuleIndex:
    """The index of the rules of one policy. A set of rules is an integer: bit n is the rule at place n."""

    def __init__(self, rules: Iterable[Indexed]) -> None:
        self._every = self._allowing = 0
        self._never: defaultdict[str, defaultdict[object, int]] = defaultdict(lambda: defaultdict(int))
        self._needs: defaultdict[str, _Needs] = defaultdict(_Needs)
        self._groups = _Needs()
        reads = set[str]()
        for place, rule in enumerate(rules):
            one = 1 << place
            self._every |= one
            if not rule.restricts:
                self._allowing |= one
            for name, value in rule.when.never:
                self._never[name][value] |= one
            for name, words in rule.when.needs.items():
                self._needs[name].add(one, words)
            self._groups.add(one, rule.groups)
            reads |= rule.when.reads
        self._alike: defaultdict[str, set[str]] = defaultdict(set)
        """The names of people in the conditions, by the bare name that each could be mistaken for."""
        for word in self._needs["user.name"].enough if "user.name" in self._needs else ():
            self._alike[confusable_name(word)].add(word)
        self._texts = [v.read for v in VARIABLES.values() if v.name in reads and v.is_open_text]

    def to_read(self, access: Access) -> int:
        """The rules that have to be read for this access: all if a text is odd. While the posture is unavailable,
        ``device.*`` leaves no rule out."""
        if any(is_odd("".join(_words(read(access)))) for read in self._texts):
            return self._every
        out = self._groups.unmet(access.user.groups) & (-1 if access.user.groups_known else self._allowing)
        unavailable = access.posture.state is PostureState.UNAVAILABLE
        for name, never in self._never.items():
            if not (unavailable and name.startswith("device.")):
                out |= never.get(VARIABLES[name].read(access), 0)
        for name, needs in self._needs.items():
            if not (unavailable and name.startswith("device.")):
                out |= needs.unmet(self._possible(name, access))
        return self._every & ~out

    def _possible(self, name: str, access: Access) -> list[str] | None:
        """The words that a variable has in any reading of who asks; None if it may have any."""
        user, words = access.user, _words(VARIABLES[name].read(access))
        if name == "user.groups":
            return words if user.groups_known else None
        if name != "user.name" or not user.name:
            return words
        bare = confusable_name(user.name)
        return [*words, *self._alike.get(bare, ())] if has_one_reading(bare) else None


class _Needs:
    """The rules that need one of some words, whatever else holds, and those that each word is enough for."""

    def __init__(self) -> None:
        self._rules = 0
        self.enough: defaultdict[str, int] = defaultdict(int)

    def add(self, rule: int, words: Iterable[str]) -> None:
        for word in words:
            self._rules |= rule
            self.enough[word] |= rule

    def unmet(self, words: Iterable[str] | None) -> int:
        """The rules that need a word, and none of these. None stands for all words."""
        if words is None:
            return 0
        met = 0
        for word in words:
            met |= self.enough.get(word, 0)
        return self._rules & ~met


def places(rules: int) -> Iterator[int]:
    """The places of these rules, the first one first."""
    while rules:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest


def _words(value: object) -> list[str]:
    return value if isinstance(value, list) else [str(value)]
