"""A plan's title: the change in words, and how many more there are."""

from datetime import UTC

from mailgate.rollout.plan import Headline, Plan

NOTHING = Headline(words="No rule changes")


def headline_of(plan: Plan) -> Headline:
    """The first thing that changes."""
    if plan.headlines:
        return plan.headlines[0]
    if plan.changes:  # a plan of an earlier release
        return Headline(words=f"{len(plan.changes)} changes to the rules")
    return NOTHING


def more_of(plan: Plan) -> str:
    """How many other things change, in words."""
    others = len(plan.headlines) - 1
    return f"and {others:,} more" if others > 0 else ""


def title_of(plan: Plan) -> str:
    """All of it as plain text. The date is that of UTC."""
    first = headline_of(plan)
    day = f"{first.at.astimezone(UTC).day} {first.at.astimezone(UTC):%B %Y}" if first.at else ""
    return " ".join(part for part in (first.words, day, more_of(plan)) if part)
