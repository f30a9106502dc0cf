"""The outcome of a plan in force, compared with its prediction: people kept out by hour, requests for help, halted
rules."""

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
"""For this long after the activation the counts are by hour; later they are by day."""
LONGEST = timedelta(days=60)
AT_ONCE = 40
"""How many batches are compared with the plan in one go."""
ORDER = ("block", "unknown", "rest")
"""The colours of the columns: those that the plan named, those that it did not, and the rest of the prediction."""


class OutcomeSpan(Fact):
    """One hour or day. A person counts once in all of them, and so does a device without a known person."""

    at: Instant
    """When the hour or day began."""
    planned: int
    """How many were kept out first in this span that the plan named."""
    others: int
    """How many were kept out first in this span that neither the plan named nor the earlier rules kept out."""
    before: int
    """How many were kept out first in this span that the earlier rules kept out already."""
    predicted: int
    """How many the plan predicted to be newly kept out by the end of this span, in all."""


class Halted(Fact):
    """A rule that is or was out."""

    rule: str
    """The rule's id."""
    why: str
    """The reason, as it was given."""
    at: Instant
    """When it was taken out."""
    by_itself: bool
    """Whether it halted by itself; false if an admin turned it off."""
    holds: bool
    """Whether it is still out."""


class PlanOutcome(Fact):
    """The outcome of a plan in force."""

    since: Instant
    """When it was put in force."""
    by: str
    """The admin who put it in force."""
    version: int
    """The version of the rules that came in force."""
    before: int
    """The version that a retraction would put in force; 0 if there is none."""
    spans: list[OutcomeSpan]
    """The hours since then; the days if it is more than 48 hours ago."""
    kept_out: int
    """How many that the plan named were kept out so far."""
    unsorted: int
    """How many were kept out and are not yet compared with the plan."""
    unexpected: int
    """How many were kept out that neither the plan named nor the earlier rules kept out."""
    predicted: int
    """How many the plan predicted to be kept out by now."""
    help_requests: dict[str, int]
    """The number of requests for help since then, by rule."""
    halted: list[Halted]
    """Rules that were taken out since then, and those that are still out."""


async def outcome_of(store: Store, found: Planned, plan: Plan, now: datetime) -> PlanOutcome | None:
    """The outcome of a plan; None if it is not in force. Raises StoreUnavailableError."""
    history = await store.policies.history()
    if not history or history[0].digest != found.draft.digest:
        return None
    active = history[0]
    since = max(active.at, now - LONGEST)
    with suppress(StoreError):  # if the store accepts no writes, the earlier comparison is used
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
    """Compare some of those who were kept out with the plan. Returns whether there may be more. Raises StoreError."""
    return await store.first_refusals.sort_out(found.draft.policy, found.digest, plan.active.policy)


async def sort_all_out(store: Store) -> None:
    """Compare those whom the version in force kept out with its plan, up to a limit. Raises MailgateError."""
    active = await store.policies.active()
    found = await store.plans.of_candidate(active.digest) if active else None
    if found is not None:
        plan = read_plan(found)
        for _ in range(AT_ONCE):
            if not await sort_out(store, found, plan):
                return


def predicted_at(plan: Plan, at: datetime) -> int:
    """The number of people, and of devices without a known person, that the plan predicts to be newly kept out by
    then."""
    found = max(
        [plan.newly, *(each.newly for each in plan.later if plan.made_at < each.at <= at)],
        key=lambda newly: sum(newly[label].people for label in OUT),
    )
    return sum(found[label].people for label in OUT)


def panel_of(outcome: PlanOutcome, tongue: Tongue = ENGLISH) -> Panel:
    """A picture of who was kept out so far, in columns over the prediction of the plan."""
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
