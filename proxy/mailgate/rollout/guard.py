"""The guard: how much a change of the rules may do without approval, and when no change is allowed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from mailgate.config import Settings
from mailgate.config.guard import Once, Weekly
from mailgate.model.phrase import phrase, plural
from mailgate.policy.login_names import address_of
from mailgate.rollout.plan import NOUNS, Counts, Moment, Noun, Plan

NOUN_WORDS: Mapping[Noun, str] = {"people": phrase("people"), "devices": phrase("devices")}
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

    def among(self, plan: Plan, noun: Noun) -> int:
        """The limit for a plan. A part is taken of the people who are known, since anybody can make up more names; a
        part of 1 limits nothing."""
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
        made = Guard(Limit(guard.max_newly_blocked), guard.approvals, guard.freeze, window=guard.window)
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
    """How a plan goes beyond the limit, in words; empty if it does not. Devices are counted as well as people, since
    not every device has a known person."""
    found: list[str] = []
    for noun in NOUNS:
        count = plan.everybody.of(noun)
        hit, begins = most_kept_out(plan, noun)
        if limit is not None and hit > (lets := limit.among(plan, noun)):
            found.append(
                phrase(
                    "%(hit)s of %(count)s %(noun)s would or might newly be kept out%(begins)s; the guard lets %(lets)s pass",
                    hit=hit,
                    count=count,
                    noun=NOUN_WORDS[noun],
                    begins=begins,
                    lets=lets,
                )
            )
    return found


def most_kept_out(plan: Plan, noun: Noun) -> tuple[int, str]:
    """The number of people or devices newly kept out, now or at the worst later moment, and that moment in words.
    Everybody counts who is blocked or asked for proof, or may be."""
    hit = plan.kept_out.of(noun)
    if hit <= _out(plan.newly, noun):
        return hit, ""
    moment = max(plan.later, key=lambda each: _out(each.newly, noun), default=None)
    told = moment is not None and hit <= _out(moment.newly, noun)
    if told and moment:
        return hit, phrase(" %(since)s", since=moment_phrase(plan, moment))
    return hit, phrase(" at one moment or another")


def _out(newly: Mapping[str, Counts], noun: Noun) -> int:
    """How many are newly kept out at one moment."""
    return sum(newly[label].of(noun) for label in ("block", "challenge", "unknown"))


def moment_phrase(plan: Plan, moment: Moment) -> str:
    """The beginning of one of the plan's later moments, in words."""
    if moment.at == plan.made_at:
        return phrase("once every grace is over and no rule is out")
    return phrase("from %(at)s on", at=f"{moment.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")


def freeze_reason(guard: Guard | None, now: datetime) -> str:
    """Why nothing may be put in force now, and until when, in words; empty if changes are allowed."""
    found = [(end, str(each)) for each in (guard.freezes if guard else ()) if (end := each.end(now))]
    if not found:
        return ""
    end, text = max(found)
    until = f"{end.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return phrase("changes are frozen until %(until)s (%(text)s)", until=until, text=text)
