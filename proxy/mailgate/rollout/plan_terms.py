"""When the rules of a plan were in force since it was made, and what ended that."""

from collections.abc import Collection, Sequence

from mailgate.model.fact import Fact, Instant
from mailgate.store import Activation, Planned


class TermEnd(Fact):
    """What put other rules in the place of a plan's."""

    at: Instant
    """When."""
    by: str
    """Who did."""
    note: str
    """Why."""
    version: int
    """The version that came in force then."""
    retracted: bool
    """Whether the plan's rules were taken back; if not, others replaced them."""


class PlanTerm(Fact):
    """The time in which the rules of a plan were in force, the last if there were several."""

    version: int
    """The version of the rules that it brought."""
    since: Instant
    """When it was put in force."""
    by: str
    """Who did."""
    ended: TermEnd | None
    """What ended it; null while it is in force."""


def term_of(plan: Planned, history: Sequence[Activation], retracting: Collection[int]) -> PlanTerm | None:
    """The last time in which a plan's rules were in force; None where they never were since it was made.

    :param history: the activations, the newest first.
    :param retracting: the serials of those that took versions back.
    """
    after: Activation | None = None
    for each in history:
        if each.digest == plan.draft.digest and (after is None or each.serial > plan.serial):
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
