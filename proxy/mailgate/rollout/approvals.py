"""Approvals of plans by people other than their authors, and the status of every plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from typing import Literal

from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import joined_by_or, phrase, plural
from mailgate.rollout.activation import ADD_APPROVER, NO_APPROVERS, PlanCheck
from mailgate.rollout.guard import Guard, read_window
from mailgate.rollout.kept_plans import (
    APPROVED,
    PLAN_AGE,
    SENT_BACK,
    approved_by,
    base_serial,
    find_plan,
    known_in_part,
    overtaken,
    read_plan,
    readable_plans,
    refuse_altered,
    refuse_outdated,
    sent_back,
)
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan, PlanTerm, term_of
from mailgate.store import Act, Activation, AuditEntry, OvertakenError, Store, StoredPlan

State = Literal["open", "expired", "overtaken", "in force", "rolled back", "replaced"]


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """The status of a plan: whether it may still be put in force, what it needs, and who has approved it."""

    plan: StoredPlan
    body: Plan
    state: State
    needed: int
    """How many approvals it needs; 0 if it stays within the limit, or there is no guard."""
    approved: tuple[str, ...]
    """The names of the people whose approvals count, unless they put it in force themselves."""
    against: tuple[str, ...]
    """The objections to putting it in force now, in words."""
    term: PlanTerm | None
    """When its rules were in force; None if they never were."""

    back: AuditEntry | None = None
    """Who sent it back to its author, and why."""

    @property
    def missing(self) -> int:
        return max(0, self.needed - len(self.approved))


async def approve(
    store: Store, name: str, person: Person, note: str, now: datetime, guard: Guard | None
) -> PlanStatus:
    """Approve exactly this plan, which another person made. Raises RefusedError."""
    if guard is None:
        raise RefusedError(phrase("no `guard` is set in the settings: no plan needs an approval"))
    if not guard.approvers:
        why = phrase("nobody may approve anything: %(no_approvers)s", no_approvers=NO_APPROVERS)
        raise RefusedError(why, f"; {ADD_APPROVER}")
    if person.name not in guard.approvers:
        raise RefusedError(phrase("you do not have the role approver"))
    added, status = await _decide(store, name, person.act(now, APPROVED, note), guard, once=True)
    if not added:
        raise RefusedError(_approved_already(status), plan=status.plan.digest, missing=status.missing)
    return status


async def send_back(
    store: Store, name: str, person: Person, note: str, now: datetime, guard: Guard | None
) -> PlanStatus:
    """Send the plan of another person back, which is an objection to starting it. Raises RefusedError."""
    if guard is None or person.name not in guard.approvers:
        raise RefusedError(phrase("you do not have the role approver"))
    return (await _decide(store, name, person.act(now, SENT_BACK, note), guard))[1]


async def _decide(
    store: Store, name: str, act: Act, guard: Guard, *, once: bool = False
) -> tuple[bool, PlanStatus]:
    """Log what somebody decides on another person's plan. Returns whether it is new, always unless it counts ``once``."""
    plan, now = await find_plan(store, name), await store.now(act.at)
    await refuse_altered(store, plan)
    serial = await refuse_outdated(store, plan, now)
    _refuse_author(plan, act.who, guard)
    try:
        added = await store.plans.decide(
            replace(act, at=now, about=f"plan {plan.digest}"), after=serial, once=once
        )
    except OvertakenError:
        raise await overtaken(store, plan) from None
    return added, await plan_status(store, plan, guard, now)


def _approved_already(status: PlanStatus) -> str:
    if status.missing:
        return plural(
            "you have approved this plan already: it lacks %(count)s approval of another person",
            "you have approved this plan already: it lacks %(count)s approvals of other people",
            status.missing,
        )
    return phrase("you have approved this plan already: it has the approvals that it needs")


def _refuse_author(plan: StoredPlan, name: str, guard: Guard) -> None:
    if plan.author == name:
        others = sorted(guard.approvers - {name})
        raise RefusedError(
            phrase("you made this plan. Ask %(names)s to approve it", names=reduce(joined_by_or, others))
            if others
            else phrase("you made this plan, and nobody else may approve it"),
            plan=plan.digest,
        )
    if plan.author not in guard.admins and plan.author != BY_FILE:
        why = phrase(
            "plan %(digest)s was made by %(author)s, who is no admin: an admin has to plan again",
            digest=plan.digest[:12],
            author=plan.author,
        )
        raise RefusedError(why, plan=plan.digest)


async def plan_statuses(store: Store, guard: Guard | None, now: datetime, size: int) -> list[PlanStatus]:
    """The newest plans first, each with its status now."""
    return await _statuses(store, [*readable_plans(await store.plans.latest(size))], guard, now)


async def plan_status(store: Store, plan: StoredPlan, guard: Guard | None, now: datetime) -> PlanStatus:
    return (await _statuses(store, [(plan, read_plan(plan))], guard, now))[0]


async def _statuses(
    store: Store, plans: Sequence[tuple[StoredPlan, Plan]], guard: Guard | None, now: datetime
) -> list[PlanStatus]:
    history, retracting = await store.policies.history(), await store.policies.retracting()
    approvals = await approved_by(store, [plan.digest for plan, _ in plans])
    before, now = await read_window(store, guard, now), await store.now(now)
    sent = await sent_back(store, now)

    def status(plan: StoredPlan, body: Plan) -> PlanStatus:
        term = term_of(plan, history, retracting)
        state = _state(plan, body, term, history, now)
        back = sent.get(plan.digest) if state == "open" else None
        check = PlanCheck(plan, body, approvals[plan.digest], guard, before, now, back)
        against = (*known_in_part(plan), *check.against) if state == "open" else ()
        return PlanStatus(plan, body, state, check.needed, tuple(check.counting), against, term, back)

    return [status(*each) for each in plans]


def _state(
    plan: StoredPlan, body: Plan, term: PlanTerm | None, history: Sequence[Activation], now: datetime
) -> State:
    if term is not None:
        return "in force" if term.ended is None else "rolled back" if term.ended.rolled_back else "replaced"
    if base_serial(plan, body, history) is None:
        return "overtaken"
    return "expired" if now - plan.made_at > PLAN_AGE else "open"
