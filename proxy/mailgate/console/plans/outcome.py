"""The outcome of a plan in force, compared with its prediction: people kept out by hour, requests for help, halted rules."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from mailgate.console.plans.facts import rules_hitting
from mailgate.console.plans.movers import moments_of
from mailgate.console.plans.picture import Panel
from mailgate.console.policy.versions import way_back
from mailgate.console.svg import Box, Mark, columns
from mailgate.model import PostureState
from mailgate.model.fact import Fact, Instant, Words
from mailgate.model.phrase import ENGLISH, Translator, phrase, plural
from mailgate.model.times import LONG_AGO
from mailgate.policy.reliefs import Cause
from mailgate.policy.simulate.impact import Mover
from mailgate.rollout.kept_plans import read_plan
from mailgate.rollout.plan import OUT, Plan, PlanTerm, term_of
from mailgate.store import Store, StoredPlan, StoreError
from mailgate.store.device_rows import DeviceRow
from mailgate.store.plan_movers import OTHER, MoverFilter
from mailgate.store.plan_movers import WINDOW as LARGE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BY_HOUR = timedelta(hours=48)
"""For this long after the activation the counts are by hour; later they are by day."""
LONGEST = timedelta(days=60)
AT_ONCE = 40
"""How many batches are compared with the plan in one go."""
ORDER = ("block", "unknown", "rest")
"""The colours of the columns: those that the plan named, those that it did not, and the rest of the prediction."""


class OutcomeSpan(Fact):
    """One hour or day. A person counts once in all of them, and so does a known device that nobody known has used."""

    at: Instant
    """When the hour or day began."""
    planned: int
    """How many were first kept out in this span, as the plan said they would or might be."""
    others: int
    """How many were first kept out in this span although the plan did not say so, and the earlier rules did not keep them out."""
    before: int
    """How many were first kept out in this span whom the earlier rules had kept out already."""
    predicted: int
    """How many the plan predicted to be newly kept out at its worst moment until the end of this span."""


class HaltedRule(Fact):
    """A rule that halted or was turned off since."""

    rule: str
    """The rule's id."""
    why: Words
    """The reason, as it was given."""
    at: Instant
    """When it halted or was turned off."""
    by_itself: bool
    """Whether it halted by itself; false if an admin turned it off."""
    holds: bool
    """Whether it still restricts nobody."""


class PlanOutcome(PlanTerm):
    """The outcome of a plan that is or was in force."""

    before: int
    """The version that a roll back would start again; 0 if there is none, or if the plan is no longer in force."""
    spans: list[OutcomeSpan]
    """The hours while it was in force, up to now; the days if these are more than 48."""
    kept_out: int
    """How many were kept out, as the plan said they would or might be."""
    not_compared: int
    """How many were kept out and are not yet compared with the plan."""
    unexpected: int
    """How many were kept out although the plan did not say so, and the earlier rules did not keep them out."""
    earlier: int
    """How many the same rules kept out before this term, while they were in force before. Whether they were kept out again is not
    recorded."""
    predicted: int
    """How many the plan predicted to be newly kept out at its worst moment until its end, or until now."""
    planned: int
    """How many the plan says will newly lose mail, or may, at any time: people, and known devices that nobody known has used."""
    help_requests: dict[str, int]
    """The number of requests for help while it was in force, by rule: one for each person, or device or client of nobody known."""
    halted: list[HaltedRule]
    """Rules that halted or were turned off while it was in force; if it still is, also earlier ones that still restrict nobody."""


class WatchedOutcome(NamedTuple):
    """What became of a plan, in numbers and by name."""

    told: PlanOutcome
    watched: "Watched"


async def outcome_of(store: Store, found: StoredPlan, plan: Plan, now: datetime) -> WatchedOutcome | None:
    """The outcome of a plan since it was put in force, until its end or now; None if it was never in force.

    Raises StoreUnavailableError.
    """
    history = await store.policies.history()
    term = term_of(found, history, await store.policies.retracting())
    if term is None:
        return None
    until = term.ended.at if term.ended else now
    since = max(term.since, until - LONGEST)
    with suppress(StoreError):  # if the store accepts no writes, the earlier comparison is used
        await compare_refusals(store, found, plan)
    hours = await store.first_refusals.by_hour(found.candidate.policy, since)
    span = HOUR if until - since <= BY_HOUR else DAY
    spans = _spans(plan, since, until, span)
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
    kept_out = sum(each.planned for each in hours)
    watched = await watched_people(store, found, plan, since)
    told = PlanOutcome(
        **dict(term),
        before=0 if term.ended else await way_back(store, history),
        spans=spans,
        kept_out=kept_out,
        not_compared=sum(each.new for each in hours),
        unexpected=sum(each.others for each in hours),
        earlier=await store.first_refusals.earlier(found.candidate.policy, term.since),
        predicted=predicted_at(plan, until),
        planned=max(plan.kept_out.people + plan.nobodys, kept_out),
        help_requests=await _help(store, plan, term.since, until),
        halted=await _halted(store, term, now),
    )
    return WatchedOutcome(told, watched)


WATCHED = 1_000
"""How many moves of a plan, and how many refusals, are looked at by name."""
Seen = Literal["refused", "removed", "not-seen"]


class WatchedPerson(Fact):
    """Somebody whom the plan named, and what became of it."""

    person: str
    """The login name; empty if it is unknown."""
    device: str
    kind: str
    system: str
    seen: Seen
    """`refused`; `removed`: a look since the plan that sees every app found none of them on any device of that kind; `not-seen`: neither is known."""


class Watched(Fact):
    """The people of a plan by name, beside what became of it."""

    named: list[WatchedPerson]
    outside: list[str]
    """People, and devices of nobody known, who were refused and whom the plan did not name."""
    unnamed: int
    """How many others the plan said to refuse that have neither a name nor a known device: no refusal is known to be theirs."""
    whole: bool
    """Whether these are all."""

    def of(self, seen: Seen) -> list[WatchedPerson]:
        return [each for each in self.named if each.seen == seen]


async def watched_people(store: Store, found: StoredPlan, plan: Plan, since: datetime = LONG_AGO) -> Watched:
    """Whom a plan said to refuse, each with what is known since; none whom a share or a stage holds back. Raises StoreUnavailableError."""
    large, held_back = found.movers > LARGE, len(moments_of(plan))
    planned = [
        await store.movers.search(
            found.digest, MoverFilter(label=label, before=held_back, newly=True), 0, WATCHED, large=large
        )
        for label in OUT
    ]
    movers: dict[str, list[Mover]] = {}
    for mover in (each for some in planned for each in some.rows):
        movers.setdefault(mover.person or mover.device, []).append(mover)
    nobodys = {who for who, [first, *_] in movers.items() if not first.person}
    unnamed = nobodys - (await store.devices.of_ids(nobodys)).keys() if nobodys else set[str]()
    refused = await store.first_refusals.refused(found.candidate.policy, WATCHED, since)
    rows: dict[str, list[DeviceRow]] = {}
    for row in await store.rows.of_people([*(movers.keys() - nobodys)]):
        rows.setdefault(row.person, []).append(row)

    def was_freed(who: str, mover: Mover) -> bool:
        theirs = [row for row in rows.get(who, ()) if row.kind == mover.kind]
        return bool(theirs and mover.apps) and all(
            was_freed_of(row, mover.apps, plan.made_at) for row in theirs
        )

    def seen(who: str) -> Seen:
        if who in refused:
            return "refused"
        return "removed" if all(was_freed(who, each) for each in movers[who]) else "not-seen"

    return Watched(
        named=[
            WatchedPerson.taken_from(movers[who][0], seen=seen(who))
            for who in sorted(movers.keys() - unnamed)
        ],
        outside=sorted(who for who, sort in refused.items() if sort == OTHER),
        unnamed=len(unnamed),
        whole=all(some.after is None for some in planned) and len(refused) < WATCHED,
    )


def was_freed_of(row: DeviceRow, apps: Sequence[str], since: datetime) -> bool:
    """Whether a look since then, which sees every app of the device and still counts, found none of these."""
    sees_all = row.state in (PostureState.CLEAN, PostureState.LISTED)
    return sees_all and row.reported_at > since and not any(f'"{app}"' in row.apps for app in apps)


async def compare_refusals(store: Store, found: StoredPlan, plan: Plan) -> bool:
    """Compare some of those who were kept out with the plan. Returns whether there may be more. Raises StoreError."""
    return await store.first_refusals.compare_refusals(
        found.candidate.policy, found.digest, plan.active.policy, len(moments_of(plan))
    )


async def compare_all_refusals(store: Store) -> None:
    """Compare those whom the version in force kept out with its plan, up to a limit. Raises MailgateError."""
    active = await store.policies.active()
    found = await store.plans.latest_of(active.digest) if active else None
    if found is not None:
        plan = read_plan(found)
        for _ in range(AT_ONCE):
            if not await compare_refusals(store, found, plan):
                return


def predicted_at(plan: Plan, at: datetime) -> int:
    """How many the plan predicts to be newly kept out at its worst moment until then: people, and known devices that nobody known has used."""
    begun = (each.moved for each in plan.later if plan.made_at < each.at <= at)
    return max(each.out + each.nobodys for each in (plan.moved, *begun))


def panel_of(outcome: PlanOutcome, translator: Translator = ENGLISH) -> Panel:
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
    spans, last = outcome.spans, len(outcome.spans) - 1
    by_hour = last <= BY_HOUR / HOUR and (not last or spans[1].at - spans[0].at == HOUR)
    form = "time" if by_hour else "short"
    marks = [Mark(place, at=spans[place].at, form=form) for place in sorted({0, last})]
    drawn = "\n".join(columns(whole, ORDER, box, marks, translator=translator))
    return Panel(*_panel_words(outcome), 220, drawn, 640)


def _panel_words(outcome: PlanOutcome) -> tuple[str, str]:
    """The title and the description of the picture."""
    whole, told = outcome.planned, {"number": outcome.kept_out, "others": outcome.unexpected}
    if outcome.ended:
        return phrase("Refused"), plural(
            "%(number)s of %(count)s person in the plan was refused, and %(others)s who were not in it.",
            "%(number)s of %(count)s people in the plan were refused, and %(others)s who were not in it.",
            whole,
            **told,
        )
    return phrase("Refused so far"), plural(
        "So far %(number)s of %(count)s person in the plan was refused, and %(others)s who were not in it.",
        "So far %(number)s of %(count)s people in the plan were refused, and %(others)s who were not in it.",
        whole,
        **told,
    )


def _spans(plan: Plan, since: datetime, now: datetime, span: timedelta) -> list[OutcomeSpan]:
    start, found = since.replace(minute=0, second=0, microsecond=0), list[OutcomeSpan]()
    while start <= now:
        predicted = predicted_at(plan, min(start + span, now))
        found.append(OutcomeSpan(at=start, planned=0, others=0, before=0, predicted=predicted))
        start += span
    return found


async def _help(store: Store, plan: Plan, since: datetime, until: datetime) -> dict[str, int]:
    by_label = [newly[label] for newly in (plan.newly, *(each.newly for each in plan.later)) for label in OUT]
    # the default refuses too, and so may a rule of which nobody knows
    maybe = {row.value for each in by_label for row in each.by.get("rule", ())}
    rules = dict.fromkeys([*rules_hitting(plan), *sorted(maybe)])
    counted = {rule: await store.help_requests.count(rule, since, until) for rule in rules}
    return {rule: count for rule, count in counted.items() if count}


async def _halted(store: Store, term: PlanTerm, now: datetime) -> list[HaltedRule]:
    kept = [
        each
        for each in await store.reliefs.history(causes=(Cause.HALT, Cause.BREAK_GLASS))
        if (
            term.since <= each.relief.at < term.ended.at
            if term.ended
            else each.holds(now) or each.relief.at >= term.since
        )
    ]
    return [
        HaltedRule.taken_from(each.relief, by_itself=each.relief.cause is Cause.HALT, holds=each.holds(now))
        for each in kept
    ]
