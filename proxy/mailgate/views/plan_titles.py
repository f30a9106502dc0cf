"""The title of a plan: its most important change in words, and the number of other changes."""

from collections.abc import Callable
from datetime import UTC

from mailgate.model.phrase import day, joined, phrase, plural
from mailgate.rollout.plan import Headline, Plan

NOTHING = Headline(words=phrase("No rule changes"))


def headline_of(plan: Plan) -> Headline:
    """The most important change."""
    if plan.headlines:
        return plan.headlines[0]
    if plan.changes:  # plans of earlier releases have no headlines
        many = len(plan.changes)
        return Headline(
            words=plural("%(count)s changes to the rules", "%(count)s changes to the rules", many)
        )
    return NOTHING


def more_of(plan: Plan) -> str:
    """The number of other changes, in words."""
    others = len(plan.headlines) - 1
    return phrase("and %(count)s more", count=others) if others > 0 else ""


def title_of(plan: Plan, read: Callable[[str], str] = str) -> str:
    """The whole title, with its date in UTC. ``read`` makes a phrase of words that were stored in English.

    A title has quotes of its own, so no sentence quotes it: it stands behind a colon.
    """
    first = headline_of(plan)
    at = day(first.at.astimezone(UTC)) if first.at else ""
    return joined((part for part in (read(first.words), at, more_of(plan)) if part), " ")
