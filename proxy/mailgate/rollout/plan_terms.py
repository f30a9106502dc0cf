"""When the rules of a plan were in force after it was made, and what ended that."""

from collections.abc import Collection, Sequence

from mailgate.model.fact import Fact, Instant
from mailgate.store import Activation, StoredPlan


class TermEnd(Fact):
    """The activation that ended the term of a plan's rules."""

    at: Instant
    """When it was."""
    by: str
    """The admin who did it."""
    note: str
    """The reason that was given."""
    version: int
    """The version that came in force."""
    retracted: bool
    """Whether the plan's rules were taken back; if not, others replaced them."""


class PlanTerm(Fact):
    """The time in which the rules of a plan were in force; the last one if there were several."""

    version: int
    """The version of the plan's rules."""
    since: Instant
    """When it was put in force."""
    by: str
    """The admin who did it."""
    ended: TermEnd | None
    """The end of the term; null while it is in force."""


def term_of(plan: StoredPlan, history: Sequence[Activation], retracting: Collection[int]) -> PlanTerm | None:
    """The last term of a plan's rules; None if they were never in force since the plan was made.

    :param history: the activations, the newest first.
    :param retracting: the serials of those that took versions back.
    """
    after: Activation | None = None
    for each in history:
        if each.digest == plan.candidate.digest and (after is None or each.serial > plan.serial):
            return PlanTerm(
                version=each.number,
                since=each.at,
                by=each.author,
                ended=_end(after, retracting) if after else None,
            )
        after = each
    return None


def _end(after: Activation, retracting: Collection[int]) -> TermEnd:
    return TermEnd(
        at=after.at,
        by=after.author,
        note=after.note,
        version=after.number,
        retracted=after.serial in retracting,
    )
