"""How much one change of the rules may do before others have to stand up for it, and when nothing may change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mailgate.config import Settings
from mailgate.config.guard import Once, Weekly
from mailgate.rollout.plan import NOUNS, Counts, Moment, Noun, Plan


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many people, or such a part of them, and as many devices or such a part of those."""

    most: int | float
    """A whole number counts; a fraction from 0 to 1 is a part."""

    def of(self, everybody: int) -> int:
        """How many that is among so many, rounded down."""
        return self.most if isinstance(self.most, int) else int(everybody * self.most)

    def among(self, plan: Plan, noun: Noun) -> int:
        """How many that is by a plan: a part of those who are known, since of made-up people it would be as large as you like.

        All of them are all who came: that limits nobody.
        """
        return self.of(plan.everybody.of(noun) if self.most == 1 else plan.known.of(noun))


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands between a plan and its coming into force, by the settings as they are now."""

    limit: Limit
    approvals: int = 1
    """How many other persons have to approve what goes beyond the limit."""
    freezes: tuple[Once | Weekly, ...] = ()
    admins: frozenset[str] = frozenset()
    approvers: frozenset[str] = frozenset()
    window: timedelta = timedelta(days=7)
    """In what time the limit holds: all that comes in force within it counts together."""

    def counting(self, approved: Collection[str], *but: str) -> list[str]:
        """Of those who approved, who counts: who may approve still, and has another part in it than ``but`` these."""
        return [name for name in approved if name in self.approvers and name not in but]


def guard_of(settings: Settings) -> Guard | None:
    """The guard of these settings; None where they have none."""
    guard = settings.guard
    if guard is None:
        return None
    approvers = frozenset(name for name, each in settings.admins.items() if "approver" in each.roles)
    limit = Limit(guard.max_newly_blocked)
    return Guard(limit, guard.approvals, guard.freeze, frozenset(settings.admins), approvers, guard.window)


def failing(plan: Plan) -> list[str]:
    """That cases do not hold, in words. No approval helps: somebody thought of exactly this and said what must be."""
    failed = len(plan.cases.failed)
    return [f"{failed} of {plan.cases.run} cases do not hold"] if failed else []


def beyond(plan: Plan, limit: Limit | None) -> list[str]:
    """In what a plan goes beyond the limit, in words; nothing where it does not.

    Devices count beside people, since not everybody who comes is named.
    """
    found = []
    for noun in NOUNS:
        count = plan.everybody.of(noun)
        hit, begins = most_kept_out(plan, noun)
        if limit is not None and hit > (lets := limit.among(plan, noun)):
            found.append(
                f"{hit:,} of {count:,} {noun} would or might newly be kept out{begins}; the guard lets {lets:,} pass"
            )
    return found


def most_kept_out(plan: Plan, noun: Noun) -> tuple[int, str]:
    """How many are or may be newly kept out, now or at any later moment, and when, in words; none for now.

    Who is blocked or asked for proof counts, and who may be for all that is known.
    """
    hit = plan.kept_out.of(noun)
    if hit <= _out(plan.newly, noun):
        return hit, ""
    moment = max(plan.later, key=lambda each: _out(each.newly, noun), default=None)
    told = moment is not None and hit <= _out(moment.newly, noun)
    return hit, f" {since(plan, moment)}" if told and moment else " at one moment or another"


def _out(newly: Mapping[str, Counts], noun: Noun) -> int:
    """How many are newly kept out at one moment, at most."""
    return sum(newly[label].of(noun) for label in ("block", "challenge", "unknown"))


def since(plan: Plan, moment: Moment) -> str:
    """From when on one of the plan's later moments counts, in words."""
    if moment.at == plan.made_at:
        return "once every grace is over and no rule is out"
    return f"from {moment.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC on"


def frozen(guard: Guard | None, now: datetime) -> str:
    """That nothing may be put in force now, and until when, in words; nothing where it may."""
    found = [(end, str(each)) for each in (guard.freezes if guard else ()) if (end := each.end(now))]
    if not found:
        return ""
    end, text = max(found)
    return f"changes are frozen until {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC ({text})"
