"""What was not recorded may have been one way or the other: does it matter for what changes?"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import product

from mailgate.decide import decide
from mailgate.model import Access
from mailgate.policy.condition import Condition, compile_condition
from mailgate.policy.rules import Policy, Rule

_MOST = 4
"""Conditions that are tried both ways; with more of them everything stays unknown."""


def moves(
    before: tuple[Access, Policy], after: tuple[Access, Policy], hanging: Iterable[str]
) -> set[tuple[str, str]]:
    """Every pair of effects that the same request may have had, whichever way each of these conditions came out.

    A condition with the same text in both policies comes out the same way in both. Empty where they are too many.
    """
    texts = sorted(hanging)
    if len(texts) > _MOST:
        return set()
    worlds = (dict(zip(texts, chosen, strict=True)) for chosen in product((False, True), repeat=len(texts)))
    return {(_effect(*before, world), _effect(*after, world)) for world in worlds}


def _effect(access: Access, policy: Policy, world: Mapping[str, bool]) -> str:
    rules = tuple(_settled(rule, world) for rule in policy.rules)
    return decide(access, replace(policy, rules=rules)).effect.value


def _settled(rule: Rule, world: Mapping[str, bool]) -> Rule:
    text = rule.when.text
    return rule.model_copy(update={"when": _constant(world[text])}) if text in world else rule


@lru_cache
def _constant(holds: bool) -> Condition:
    return compile_condition("true" if holds else "false", {})
