"""What a plan in force does, held against what it said: who was kept out hour by hour, who asked for help, which rules halted."""

from contextlib import suppress
from datetime import datetime, timedelta

from mailgate.model.fact import Fact, Instant
from mailgate.model.phrase import ENGLISH, Tongue, phrase
from mailgate.policy.reliefs import Cause
from mailgate.rollout.activation import version_before
from mailgate.rollout.kept_plans import read_plan
from mailgate.rollout.plan import Plan
from mailgate.store import Planned, Store, StoreError
from mailgate.views.columns import Box, Mark, columns
from mailgate.views.picture import OUT, Panel
from mailgate.views.plan_telling import rules_hitting

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY_HOUR = timedelta(hours=48)
"""So long it is told by the hour, and then by the day."""
LONGEST = timedelta(days=60)
AT_ONCE = 40
"""So many times some of those who were kept out are held against the plan in one go."""
ORDER = ("block", "unknown", "rest")
"""How columns are coloured: whom the plan named, whom nobody expected, and whom the rules before kept out already."""


class OutcomeSpan(Fact):
    """One hour or day."""

    at: Instant
    """When it began."""
    planned: int
    """How many were kept out first in it whom the plan named."""
    others: int
    """How many whom neither the plan named nor the rules before kept out."""
    before: int
    """How many whom the rules before kept out already."""
    predicted: int
    """How many in all the plan said would newly be kept out by then."""


class Halted(Fact):
    """A rule that is or was out."""

    rule: str
    """The rule's id."""
    why: str
    """Why it was taken out."""
    at: Instant
    """When."""
    by_itself: bool
    """Whether it halted by itself."""
    holds: bool
    """Whether it is still out."""


class PlanOutcome(Fact):
    """What a plan in force does."""

    since: Instant
    """When it was put in force."""
    by: str
    """Who did."""
    version: int
    """The version of the rules that it brought."""
    before: int
    """The version that a retraction puts in force again; 0 where there is none."""
    spans: list[OutcomeSpan]
    """The hours since then, or the days where that is long ago."""
    kept_out: int
    """How many of those whom the plan named were kept out so far."""
    unsorted: int
    """How many were kept out of whom it is not known yet whether the plan named them."""
    unexpected: int
    """How many were kept out whom nobody expected."""
    predicted: int
    """How many the plan said would be kept out by now."""
    help_requests: dict[str, int]
    """How many asked for help since then, by rule."""
    halted: list[Halted]
    """Rules that were taken out since then, and those that still are."""


async def outcome_of(store: Store, found: Planned, plan: Plan, now: datetime) -> PlanOutcome | None:
    """What a plan does since it was put in force; None where it is not in force. Raises StoreUnavailableError."""
    history = await store.policies.history()
    if not history or history[0].digest != found.draft.digest:
        return None
    active = history[0]
    since = max(active.at, now - LONGEST)
    with suppress(StoreError):  # where nothing can be written, what was sorted out before is told
        await sort_out(store, found, plan)
    hours = await store.first_refusals.by_hour(found.draft.policy, since)
    span = HOUR if now - since <= BY_HOUR else DAY
    spans = _spans(plan, since, now, span)
    for each in hours:
        place = max(0, min(int((each.hour - spans[0].at) / span), len(spans) - 1))
        old = spans[place]
        spans[place] = old.model_copy(
            update={
                "planned": old.planned + each.planned,
                "others": old.others + each.others,
                "before": old.before + each.before,
            }
        )
    another = len({each.number for each in history}) > 1
    back = await version_before(store, history) if another else 0
    return PlanOutcome(
        since=active.at,
        by=active.author,
        version=active.number,
        before=back if back != active.number else 0,
        spans=spans,
        kept_out=sum(each.planned for each in hours),
        unsorted=sum(each.new for each in hours),
        unexpected=sum(each.others for each in hours),
        predicted=predicted_at(plan, now),
        help_requests=await _help(store, plan, active.at),
        halted=await _halted(store, active.at, now),
    )


async def sort_out(store: Store, found: Planned, plan: Plan) -> bool:
    """Hold some of those who were kept out against the plan. Returns whether there may be more. Raises StoreError."""
    return await store.first_refusals.sort_out(found.draft.policy, found.digest, plan.active.policy)


async def sort_all_out(store: Store) -> None:
    """Hold many of those whom the version in force kept out against its plan, if it came by one. Raises MailgateError."""
    active = await store.policies.active()
    found = await store.plans.of_candidate(active.digest) if active else None
    if found is not None:
        plan = read_plan(found)
        for _ in range(AT_ONCE):
            if not await sort_out(store, found, plan):
                return


def predicted_at(plan: Plan, at: datetime) -> int:
    """How many people, and devices of nobody known, the plan says are newly kept out by then."""
    found = max(
        [plan.newly, *(each.newly for each in plan.later if plan.made_at < each.at <= at)],
        key=lambda newly: sum(newly[label].people for label in OUT),
    )
    return sum(found[label].people for label in OUT)


def panel_of(outcome: PlanOutcome, tongue: Tongue = ENGLISH) -> Panel:
    """Who was kept out so far, as columns; the line is what the plan said."""
    box, counted, planned, others = Box(640, 220), list[dict[str, int]](), 0, 0
    for each in outcome.spans:
        planned, others = planned + each.planned, others + each.others
        counted.append({"block": planned, "unknown": others})
    top = [
        {"rest": max(0, each.predicted - sum(told.values()))}
        for each, told in zip(outcome.spans, counted, strict=True)
    ]
    whole = [one | other for one, other in zip(counted, top, strict=True)]
    form = "time" if len(outcome.spans) <= BY_HOUR / HOUR + 1 and _by_hour(outcome) else "short"
    marks = [
        Mark(place, at=outcome.spans[place].at, form=form) for place in sorted({0, len(outcome.spans) - 1})
    ]
    words = phrase(
        "%(number)s of %(whole)s people whom the plan named were kept out so far, and %(others)s whom it did not name.",
        number=outcome.kept_out,
        whole=outcome.predicted,
        others=outcome.unexpected,
    )
    drawn = "\n".join(columns(whole, ORDER, box, marks, tongue=tongue))
    return Panel(phrase("Kept out so far"), words, 220, drawn, 640)


def _by_hour(outcome: PlanOutcome) -> bool:
    return len(outcome.spans) < 2 or outcome.spans[1].at - outcome.spans[0].at == HOUR


def _spans(plan: Plan, since: datetime, now: datetime, span: timedelta) -> list[OutcomeSpan]:
    start, found = since.replace(minute=0, second=0, microsecond=0), list[OutcomeSpan]()
    while start <= now:
        predicted = predicted_at(plan, min(start + span, now))
        found.append(OutcomeSpan(at=start, planned=0, others=0, before=0, predicted=predicted))
        start += span
    return found


async def _help(store: Store, plan: Plan, since: datetime) -> dict[str, int]:
    counted = {rule: await store.help_requests.count(rule, since) for rule in rules_hitting(plan)}
    return {rule: count for rule, count in counted.items() if count}


async def _halted(store: Store, since: datetime, now: datetime) -> list[Halted]:
    kept = [
        each
        for each in await store.reliefs.history()
        if each.relief.cause in (Cause.HALT, Cause.BREAK_GLASS)
        and (each.holds(now) or each.relief.at >= since)
    ]
    return [
        Halted(
            rule=each.relief.rule,
            why=each.relief.why,
            at=each.relief.at,
            by_itself=each.relief.cause is Cause.HALT,
            holds=each.holds(now),
        )
        for each in kept
    ]
