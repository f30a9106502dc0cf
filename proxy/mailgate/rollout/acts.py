"""Putting rules in force, and taking them back, on purpose and in somebody's name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from mailgate.config import Rules
from mailgate.errors import MailgateError
from mailgate.rollout.guard import Limit, objections
from mailgate.rollout.keeper import draft_of
from mailgate.store import Act, Activation, Draft, OvertakenError, Planned, Store

PLAN_AGE = timedelta(hours=24)
"""How long a plan may be put in force: afterwards other people and devices have come."""

ACTIVATED = "policy-activated"
"""How the audit log calls it that a version was put in force: what it says begins so."""
RETRACTED = "policy-retracted"
"""What the audit log calls it that a version was put in force again to take another back."""


class RefusedError(MailgateError):
    """What was asked for may not be done now; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something, and from which computer."""

    name: str
    origin: str

    def act(self, now: datetime, what: str, why: str = "") -> Act:
        return Act(now, self.name, what, why=why, origin=self.origin)


async def keep_plan(
    store: Store, plan: dict[str, Any], candidate: Rules, person: Person, now: datetime
) -> None:
    """Keep a plan so that it can be put in force as it is. Names of people are left out."""
    newly = {
        label: {name: each[name] for name in each if name != "samples"}
        for label, each in plan["newly"].items()
    }
    body = plan | {"newly": newly}
    planned = Planned(plan["digest"], plan["active"]["serial"], draft_of(candidate), body, person.name, now)
    counts = {label: {noun: each[noun] for noun in ("people", "devices")} for label, each in newly.items()}
    act = replace(
        person.act(now, "policy-planned"), about=f"plan {plan['digest']}", details={"newly": counts}
    )
    await store.plans.keep(planned, act)


async def apply(
    store: Store,
    name: str,
    person: Person,
    note: str,
    now: datetime,
    limit: Limit | None,
    *,
    override: bool = False,
) -> Activation:
    """Put exactly what was planned in force. Raises RefusedError.

    ``override`` passes over the guard's objections; the audit log then says so, with what they were.
    """
    plan = await _plan_called(store, name)
    if now - plan.made_at > PLAN_AGE:
        raise RefusedError(f"plan {plan.digest[:12]} was made more than a day ago: plan again")
    against = objections(plan.body, limit)
    if against and not override:
        words = "; ".join(against)
        raise RefusedError(f"{words}. To do it all the same: --override with a --note that says why")
    details = {"plan": plan.digest, "overridden": against}
    what = f"{ACTIVATED}-against-the-guard" if against else ACTIVATED
    act = replace(person.act(now, what, note), details=details)
    try:
        return await store.policies.activate(plan.draft, act, after=plan.serial)
    except OvertakenError:
        newest = await store.policies.active()
        number = newest.number if newest else 0
        raise RefusedError(
            f"version {number} was put in force after plan {plan.digest[:12]} was made: plan again"
        ) from None


async def retract(
    store: Store, person: Person, note: str, now: datetime, number: int | None = None
) -> Activation:
    """Put the version in force that was before, or the one with this number. Raises RefusedError.

    No guard stands in the way: what is taken back was in force, and it has to go now. Said twice it is done once: what a
    retraction has put in force stays, since the version before may be the very one that was taken back.
    """
    history = await store.policies.history()
    if not history or len({each.number for each in history}) < 2:
        raise RefusedError("no other version was in force before this one")
    wanted = number or await _before(store, history)
    if wanted not in {each.number for each in history}:
        raise RefusedError(
            f"version {wanted} was never in force; `mailgate policy history` shows those that were"
        )
    if wanted == history[0].number:
        return history[0]
    version = await store.policies.get(wanted)
    assert version is not None  # a foreign key holds it
    draft = Draft(version.digest, version.policy, version.texts)
    act = replace(person.act(now, RETRACTED, note), details={"retracted": history[0].number})
    try:
        return await store.policies.activate(draft, act, after=history[0].serial)
    except OvertakenError:
        raise RefusedError(
            "another version was put in force meanwhile: look at `mailgate policy history`"
        ) from None


async def _before(store: Store, history: Sequence[Activation]) -> int:
    """The version to go back to: the one before, or the one in force where that was gone back to already."""
    in_force = history[0].number
    last = await store.audit.last(f"version {in_force}", ACTIVATED, RETRACTED)
    if last is not None and last.what == RETRACTED:
        return in_force
    return next(each.number for each in history if each.number != in_force)


async def _plan_called(store: Store, name: str) -> Planned:
    found = await store.plans.find(name)
    if not found:
        raise RefusedError(
            f"no plan is called `{name}`; `mailgate policy plan` makes one and prints its digest"
        )
    if len(found) > 1:
        raise RefusedError(f"`{name}` may be several plans: give more of the digest")
    return found[0]
