"""The guard's limit holds for a window of time: changes that came in force within it count together with the new
one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailgate.model.phrase import phrase
from mailgate.rollout.guard import NOUN_WORDS, Guard, Limit, beyond_limit, most_kept_out
from mailgate.rollout.person import RefusedError
from mailgate.rollout.plan import NOUNS, Noun, Plan
from mailgate.store import Store
from mailgate.store.kept_out import NOBODY, KeptOut


def newly_kept_out(plan: Plan) -> KeptOut:
    """How many a plan newly keeps out, or may keep out, at its worst moment."""
    return KeptOut(most_kept_out(plan, "people")[0], most_kept_out(plan, "devices")[0])


@dataclass(frozen=True, slots=True)
class WindowTotals:
    """What happened within the guard's window and counts together with the new change."""

    kept_out: KeptOut = NOBODY
    """How many were newly kept out by earlier changes."""
    forgotten: KeptOut = NOBODY
    """How many people and devices were forgotten. A plan no longer finds them, so it may keep out each of them."""
    since: datetime | None = None
    """Since when they are counted; None if nothing is."""

    @property
    def unchanged(self) -> dict[str, Any]:
        """What ``kept_out.keep`` has to find when a change that goes by these totals comes in force."""
        return {"since": self.since, "before": self.kept_out + self.forgotten}


EMPTY_WINDOW = WindowTotals()


async def read_window(store: Store, guard: Guard | None, now: datetime) -> WindowTotals:
    """Read what happened within the guard's window."""
    if guard is None or guard.limit is None:
        return EMPTY_WINDOW
    since = await store.kept_out.begin(now, guard.window)
    return WindowTotals(await store.kept_out.since(since), await store.kept_out.forgotten(since), since)


def counted_meanwhile() -> RefusedError:
    """The refusal of a change whose totals are no longer true."""
    return RefusedError(
        phrase(
            "others were newly kept out or forgotten in the same moment, and count together with this: do it again"
        )
    )


def beyond_window(plan: Plan, guard: Guard, before: WindowTotals) -> list[str]:
    """How a plan goes beyond the limit, by itself or together with earlier changes, in words. People who were kept out
    and let in again still count."""
    limit = guard.limit
    if limit is None:
        return []
    if alone := beyond_limit(plan, limit) + _unreported(plan, limit):
        return alone
    newly, everybody = newly_kept_out(plan), plan.everybody
    spent, gone, days = before.kept_out, before.forgotten, guard.window.days
    counts: tuple[tuple[Noun, int, int, int, int], ...] = (
        ("people", newly.people, spent.people, gone.people, everybody.people),
        ("devices", newly.devices, spent.devices, gone.devices, everybody.devices),
    )
    return [
        phrase(
            "%(hit)s %(noun)s would or might newly be kept out%(lost)s, after %(earlier)s within %(days)s days: "
            "%(number)s of %(whole)s; the guard lets %(limit)s pass",
            hit=hit,
            noun=NOUN_WORDS[noun],
            lost=_with(lost),
            earlier=earlier,
            days=days,
            number=hit + lost + earlier,
            whole=all_of_them + lost,
            limit=limit.among(plan, noun),
        )
        for noun, hit, earlier, lost, all_of_them in counts
        if hit + lost and hit + lost + earlier > limit.among(plan, noun)
    ]


def _with(forgotten: int) -> str:
    return (
        phrase(", and %(forgotten)s were forgotten, so that it cannot be known for them", forgotten=forgotten)
        if forgotten
        else ""
    )


def _unreported(plan: Plan, limit: Limit) -> list[str]:
    """The apps for which rules would keep people out although no report can say yet who has them. Since nobody knows
    how many people that is, it counts as beyond the limit."""
    people, devices = plan.totals.people, plan.totals.devices
    lets = [limit.among(plan, noun) for noun in NOUNS]
    if not plan.unreported or (people <= lets[0] and devices <= lets[1]):
        return []
    words = phrase(
        "no report tells yet who has %(apps)s, so any of %(people)s people and %(devices)s devices might newly be "
        "kept out; first put the app into `apps.yaml`, on no list and in no rule, until devices have reported",
        apps=", ".join(plan.unreported),
        people=people,
        devices=devices,
    )
    return [words]
