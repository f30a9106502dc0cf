"""A plan's title: the change in words, and how many more there are."""

from datetime import UTC

from mailgate.model.phrase import ENGLISH, Tongue, joined, phrase, plural
from mailgate.rollout.plan import Headline, Plan

NOTHING = Headline(words=phrase("No rule changes"))


def headline_of(plan: Plan) -> Headline:
    """The first thing that changes."""
    if plan.headlines:
        return plan.headlines[0]
    if plan.changes:  # a plan of an earlier release
        many = len(plan.changes)
        return Headline(
            words=plural("%(count)s changes to the rules", "%(count)s changes to the rules", many)
        )
    return NOTHING


def more_of(plan: Plan) -> str:
    """How many other things change, in words."""
    others = len(plan.headlines) - 1
    return phrase("and %(count)s more", count=others) if others > 0 else ""


def title_of(plan: Plan, tongue: Tongue = ENGLISH) -> str:
    """All of it as plain text. The date is that of UTC."""
    first = headline_of(plan)
    at = tongue.day(first.at.astimezone(UTC)) if first.at else ""
    return joined((part for part in (first.words, at, more_of(plan)) if part), " ")
