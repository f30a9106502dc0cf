"""The guard's limit is one of a time: what came in force within its window counts with what shall come now."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailgate.rollout.guard import Guard, beyond, most_kept_out
from mailgate.store import Store
from mailgate.store.kept_out import NOBODY, KeptOut


def newly_kept_out(plan: Mapping[str, Any]) -> KeptOut:
    """How many a plan newly keeps out, or might, at the worst of all moments."""
    return KeptOut(most_kept_out(plan, "people")[0], most_kept_out(plan, "devices")[0])


async def kept_out_within(store: Store, guard: Guard | None, now: datetime) -> KeptOut:
    """How many were newly kept out within the guard's window, whatever put it in force."""
    return await store.kept_out.since(now - guard.window) if guard else NOBODY


def beyond_window(plan: Mapping[str, Any], guard: Guard, before: KeptOut) -> list[str]:
    """In what a plan goes beyond the limit, by itself or with what was put in force before, in words.

    Who was kept out and let in again meanwhile still counts: each time it was somebody's mail.
    """
    if alone := beyond(plan, guard.limit) + _unreported(plan, guard):
        return alone
    totals, newly = plan["totals"], newly_kept_out(plan)
    counts = (
        ("people", newly.people, before.people, totals["people"]),
        ("devices", newly.devices, before.devices, totals["devices"] + totals["clients"]),
    )
    days = guard.window.days
    return [
        f"{hit:,} {noun} would or might newly be kept out, after {spent:,} within {days} days: "
        f"{hit + spent:,} of {everybody:,}; the guard lets {guard.limit.of(everybody):,} pass"
        for noun, hit, spent, everybody in counts
        if hit and hit + spent > guard.limit.of(everybody)
    ]


def _unreported(plan: Mapping[str, Any], guard: Guard) -> list[str]:
    """That nobody can tell yet who has an app for which rules would keep people out: what cannot be known counts."""
    apps, totals = plan.get("unreported", ()), plan["totals"]
    people, devices = totals["people"], totals["devices"]
    if not apps or (people <= guard.limit.of(people) and devices <= guard.limit.of(devices)):
        return []
    words = (
        f"no report tells yet who has {', '.join(apps)}, so that any of {people:,} people and {devices:,} devices might "
        "newly be kept out; put an app into `apps.yaml` first, on no list and in no rule, until devices have reported"
    )
    return [words]
