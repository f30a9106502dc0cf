"""The guard: how much a change of the rules may do without approval, and when no change is allowed. The limit holds for a
window of time: changes within it count together."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from mailgate.config import Settings
from mailgate.config.guard import Once, Weekly
from mailgate.model.phrase import phrase, plural, time_of
from mailgate.policy.people import address_of
from mailgate.rollout.person import RefusedError
from mailgate.rollout.plan import NOUNS, OUT, Moment, MoversAtMoment, Noun, Plan
from mailgate.store import Store
from mailgate.store.kept_out import EMPTY_WINDOW, KeptOut, WindowTotals

_COUNTED: Mapping[Noun, Callable[[int], str]] = {
    "people": lambda count: plural("%(count)s person", "%(count)s people", count),
    "devices": lambda count: plural("%(count)s device", "%(count)s devices", count),
}
_NAMED = 3
"""How many of the failing cases are named."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit for the number of people, and for the number of devices: a count or a part of all."""

    most: int | float
    """A whole number is a count; a fraction from 0 to 1 is a part."""

    def of(self, everybody: int) -> int:
        """The limit as a number if there are this many in all, rounded down."""
        return self.most if isinstance(self.most, int) else int(everybody * self.most)

    def is_passed(self, counted: KeptOut, plan: Plan | None) -> bool:
        """Whether more were kept out. A part is taken of those whom a plan knows: of nobody, if there is no plan. A part of 1
        limits nothing."""
        if isinstance(self.most, float) and self.most == 1:
            return False
        most = [self.among(plan, noun) if plan else self.of(0) for noun in NOUNS]
        return counted.people > most[0] or counted.devices > most[1]

    def among(self, plan: Plan, noun: Noun) -> int:
        """The limit for a plan. A part is of the people who are known, since anybody can make up names; of 1 it limits nothing."""
        return self.of(plan.everybody.of(noun) if self.most == 1 else plan.known.of(noun))


@dataclass(frozen=True, slots=True)
class Guard:
    """What a plan needs to come in force, by the current settings."""

    limit: Limit | None
    """None if the settings set no limit, but have people who may approve an override."""
    approvals: int = 1
    """How many other people have to approve a change beyond the limit."""
    freezes: tuple[Once | Weekly, ...] = ()
    admins: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    window: timedelta = timedelta(days=7)
    """The time within which all changes together must stay within the limit."""
    by_hand: Limit = Limit(10)
    """How many may be kept out by acts on single devices within the window, even where ``limit`` lets fewer pass."""
    addresses: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The mail addresses of those approvers who have one, by name."""

    def counting(self, approved: Collection[str], *but: str) -> list[str]:
        """The approvals that count: those of people who may still approve and are not among ``but``."""
        return [name for name in approved if name in self.approvers and name not in but]

    def missing_to_override(self, approved: Collection[str], *but: str) -> int:
        """How many people have yet to approve a plan, so that its objections may be overridden: as many as approve a
        change beyond the limit, or all who may if there are fewer. ``but`` are its author and who applies it."""
        needed = min(self.approvals, len(self.counting(self.approvers, *but)))
        return max(0, needed - len(self.counting(approved, *but)))


def guard_of(settings: Settings) -> Guard | None:
    """The guard of these settings; None if they have none, and nobody who may approve anything."""
    guard, admins = settings.guard, settings.admins
    approvers = frozenset(name for name, each in admins.items() if "approver" in each.roles)
    if guard is None:
        made = Guard(None) if approvers else None
    else:
        most, by_hand = Limit(guard.max_newly_blocked), Limit(guard.max_by_hand)
        made = Guard(most, guard.approvals, guard.freeze, window=guard.window, by_hand=by_hand)
    return made and replace(
        made, admins=frozenset(admins), approvers=approvers, addresses=_addresses(settings, approvers)
    )


def _addresses(settings: Settings, approvers: Collection[str]) -> dict[str, str]:
    if settings.notices is None:
        return {}
    domain, mails = settings.notices.domain, {name: settings.admins[name].mail for name in approvers}
    found = {name: address_of(mail, domain) for name, mail in mails.items() if mail}
    return {name: address for name, address in found.items() if address}


def failing_cases(plan: Plan) -> list[str]:
    """The cases that do not hold, in words. No approval makes up for them, since an admin wrote that they must hold."""
    failed, run = plan.cases.failed, plan.cases.run
    if not failed:
        return []
    names = "; ".join(f"“{each.name}”" for each in failed[:_NAMED])
    more = len(failed) - _NAMED
    told = phrase("%(names)s and %(more)s more", names=names, more=more) if more > 0 else names
    return [
        plural(
            "%(count)s of %(run)s test cases does not hold: %(names)s",
            "%(count)s of %(run)s test cases do not hold: %(names)s",
            len(failed),
            run=run,
            names=told,
        )
    ]


def beyond_limit(plan: Plan, limit: Limit | None) -> list[str]:
    """How a plan goes beyond the limit, in words; devices count as well as people, since not all have a known person."""
    found: list[str] = []
    for noun in NOUNS:
        count = plan.everybody.of(noun)
        hit, begins = most_kept_out(plan, noun)
        if limit is not None and hit > (lets := limit.among(plan, noun)):
            found.append(
                phrase(
                    "%(hit)s of %(all)s would or might lose mail%(begins)s; more than %(lets)s needs approval",
                    hit=hit,
                    all=_COUNTED[noun](count),
                    begins=begins,
                    lets=lets,
                )
            )
    return found


def most_kept_out(plan: Plan, noun: Noun) -> tuple[int, str]:
    """The number of people or devices newly kept out, now or at the worst later moment, and that moment in words.
    Everybody counts who is blocked or asked for proof, or may be."""
    hit, out = plan.kept_out.of(noun), partial(_out, noun)
    if hit <= out(plan):
        return hit, ""
    moment = max(plan.later, key=out, default=None)
    if moment and hit <= out(moment):
        return hit, phrase(" %(since)s", since=moment_phrase(plan, moment))
    return hit, phrase(" at one moment or another")


def _out(noun: Noun, then: MoversAtMoment) -> int:
    """How many are certainly among those who lose mail then, or may."""
    return then.moved.out if noun == "people" else sum(then.newly[label].devices for label in OUT)


def moment_phrase(plan: Plan, moment: Moment) -> str:
    """The beginning of one of the plan's later moments, in words."""
    if moment.at == plan.made_at:
        return phrase("once every grace is over and no rule is out")
    return phrase("from %(at)s on", at=time_of(moment.at))


def freeze_reason(guard: Guard | None, now: datetime) -> str:
    """Why nothing may be put in force now, and until when, in words; empty if changes are allowed."""
    found = [(end, str(each)) for each in (guard.freezes if guard else ()) if (end := each.end(now))]
    if not found:
        return ""
    end, text = max(found)
    return phrase("changes are frozen until %(until)s (%(text)s)", until=time_of(end), text=text)


def newly_kept_out(plan: Plan) -> KeptOut:
    """How many a plan newly keeps out, or may keep out, at its worst moment."""
    return KeptOut(most_kept_out(plan, "people")[0], most_kept_out(plan, "devices")[0])


async def read_window(store: Store, guard: Guard | None, now: datetime) -> WindowTotals:
    if guard is None or guard.limit is None:
        return EMPTY_WINDOW
    return await store.kept_out.since(await store.kept_out.begin(now, guard.window))


def counted_meanwhile() -> RefusedError:
    """The refusal of a change whose totals are no longer true."""
    return RefusedError(
        phrase("somebody else refused or forgot others at the same time, and both count together: try again")
    )


def beyond_window(plan: Plan, guard: Guard, before: WindowTotals) -> list[str]:
    """How a plan goes beyond the limit, also together with earlier changes, in words. Who was let in again still counts."""
    limit = guard.limit
    if limit is None:
        return []
    if alone := beyond_limit(plan, limit) + _unreported(plan, limit):
        return alone
    newly = newly_kept_out(plan)
    spent, gone, days = before.kept_out, before.forgotten, guard.window.days
    counts = [(noun, *(getattr(each, noun) for each in (newly, spent, gone))) for noun in NOUNS]
    return [
        phrase(
            "%(who)s would or might lose mail%(lost)s, after %(earlier)s within %(days)s days: "
            "%(number)s together; more than %(limit)s needs approval",
            who=_COUNTED[noun](hit),
            lost=_with(lost),
            earlier=earlier,
            days=days,
            number=hit + lost + earlier,
            limit=limit.among(plan, noun),
        )
        for noun, hit, earlier, lost in counts
        if hit + lost and hit + lost + earlier > limit.among(plan, noun)
    ]


def _with(forgotten: int) -> str:
    if not forgotten:
        return ""
    return phrase(
        ", and %(forgotten)s were forgotten, so that it cannot be known for them", forgotten=forgotten
    )


def _unreported(plan: Plan, limit: Limit) -> list[str]:
    """The apps for which rules would keep out an unknown number of people, since no report can say yet who has them."""
    people, devices = plan.totals.people, plan.totals.devices
    lets = [limit.among(plan, noun) for noun in NOUNS]
    if not plan.unreported or (people <= lets[0] and devices <= lets[1]):
        return []
    words = phrase(
        "no report tells yet who has %(apps)s, so any of %(people)s people and %(devices)s devices might lose "
        "mail; first put the app into `apps.yaml`, on no list and in no rule, until devices have reported",
        apps=", ".join(plan.unreported),
        people=people,
        devices=devices,
    )
    return [words]
