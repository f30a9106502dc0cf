"""Approvals of plans by other people than their authors, and the status of every plan."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from mailgate.config.admins import BY_FILE
from mailgate.model.phrase import phrase
from mailgate.rollout.activation import NO_APPROVERS, objections_to
from mailgate.rollout.guard import Guard
from mailgate.rollout.guard_window import Before, beyond_window, what_was_before
from mailgate.rollout.kept_plans import (
    APPROVED,
    PLAN_AGE,
    overtaken,
    plan_called,
    read_plan,
    refuse_altered,
    refuse_outdated,
)
from mailgate.rollout.person import Person, RefusedError
from mailgate.rollout.plan import Plan
from mailgate.rollout.plan_base import base_serial
from mailgate.store import Activation, Approval, OvertakenError, Planned, Store

State = Literal["open", "expired", "overtaken", "in force"]
NOBODY_YET = ""
"""Stands for an applier who has no other part in the plan."""


@dataclass(frozen=True, slots=True)
class PlanStatus:
    """The status of a plan: whether it may still be put in force, what it needs, and who has approved it."""

    plan: Planned
    body: Plan
    """What it says."""
    state: State
    needed: int
    """How many approvals it needs; 0 if it stays within the limit, or there is no guard."""
    approved: tuple[str, ...]
    """People whose approvals count, unless they put it in force themselves."""
    against: tuple[str, ...]
    """The objections to putting it in force now, in words."""

    @property
    def missing(self) -> int:
        """How many approvals it still needs."""
        return max(0, self.needed - len(self.approved))


async def approve(
    store: Store, name: str, person: Person, note: str, now: datetime, guard: Guard | None
) -> PlanStatus:
    """Approve exactly this plan, which somebody else made. Raises RefusedError."""
    if guard is None:
        raise RefusedError(phrase("no `guard` is set in the settings: no plan needs an approval"))
    if not guard.approvers:
        raise RefusedError(phrase("nobody may approve anything: %(no_approvers)s", no_approvers=NO_APPROVERS))
    if person.name not in guard.approvers:
        raise RefusedError(
            phrase("the role approver is needed, and %(name)s does not have it", name=person.name)
        )
    plan = await plan_called(store, name)
    await refuse_altered(store, plan)
    serial = await refuse_outdated(store, plan, now)
    _refuse_author(plan, person, guard)
    approval = Approval(plan.digest, person.name, note, now)
    act = replace(person.act(now, APPROVED, note), about=f"plan {plan.digest}")
    try:
        added = await store.approvals.add(approval, act, after=serial)
    except OvertakenError:
        raise await overtaken(store, plan) from None
    if not added:
        raise RefusedError(
            phrase(
                "plan %(digest)s has the approval of %(name)s already: another person has to give one",
                name=person.name,
                digest=plan.digest[:12],
            )
        )
    return await plan_status(store, plan, guard, now)


def _refuse_author(plan: Planned, person: Person, guard: Guard) -> None:
    """Raises RefusedError if the approver made the plan, or its author is no admin."""
    if plan.author == person.name:
        raise RefusedError(
            phrase(
                "plan %(digest)s is %(name)s's own: another person has to approve it",
                digest=plan.digest[:12],
                name=person.name,
            )
        )
    if plan.author not in guard.admins and plan.author != BY_FILE:
        raise RefusedError(
            phrase(
                "plan %(digest)s was made by %(author)s, who is no admin: an admin has to plan again",
                digest=plan.digest[:12],
                author=plan.author,
            )
        )


async def plan_statuses(store: Store, guard: Guard | None, now: datetime, size: int) -> list[PlanStatus]:
    """The newest plans first, each with its status now."""
    plans, history = await store.plans.latest(size), await store.policies.history()
    approvals = await store.approvals.of_all([plan.digest for plan in plans])
    before = await what_was_before(store, guard, now)
    states = [(plan, body, _state(plan, body, history, now)) for plan, body in _read(plans)]
    return [
        _status(plan, body, approvals[plan.digest], state, guard, now, before) for plan, body, state in states
    ]


def _read(plans: Iterable[Planned]) -> Iterator[tuple[Planned, Plan]]:
    """Plans with what they say. One that cannot be read is left out: `mailgate audit verify` says that it was
    changed."""
    for plan in plans:
        with suppress(RefusedError):
            yield plan, read_plan(plan)


async def plan_status(store: Store, plan: Planned, guard: Guard | None, now: datetime) -> PlanStatus:
    """The status of one plan now."""
    approvals = await store.approvals.of(plan.digest)
    before, body = await what_was_before(store, guard, now), read_plan(plan)
    state = _state(plan, body, await store.policies.history(), now)
    return _status(plan, body, approvals, state, guard, now, before)


def _status(
    plan: Planned,
    body: Plan,
    approvals: Sequence[Approval],
    state: State,
    guard: Guard | None,
    now: datetime,
    before: Before,
) -> PlanStatus:
    names = [each.who for each in approvals]
    needed = guard.approvals if guard and beyond_window(body, guard, before) else 0
    counting = guard.counting(names, plan.author) if guard else names
    against = objections_to(plan, body, NOBODY_YET, names, guard, now, before) if state == "open" else []
    return PlanStatus(plan, body, state, needed, tuple(counting), tuple(against))


def _state(plan: Planned, body: Plan, history: Sequence[Activation], now: datetime) -> State:
    if history and history[0].digest == plan.draft.digest:
        return "in force"
    if base_serial(plan, body, history) is None:
        return "overtaken"
    return "expired" if now - plan.made_at > PLAN_AGE else "open"
