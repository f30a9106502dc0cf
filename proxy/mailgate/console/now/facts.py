"""Who has no mail now and why, how many were refused each day, what changed, and what comes: the facts of *Overview*."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from mailgate.config import Bundle
from mailgate.config.admins import BY_FILE
from mailgate.console.devices.mail_status import MailAccess
from mailgate.console.now.counting import TREND_DAYS, Outage
from mailgate.console.plans.facts import title_of
from mailgate.console.words import short_name, state_in_words
from mailgate.model import PostureState, Stage
from mailgate.model.fact import Day, Fact, Instant, Words
from mailgate.model.phrase import Phrase, joined, phrase, plural
from mailgate.policy import Policy
from mailgate.policy.reliefs import Cause
from mailgate.policy.rule_states import STATE_OF_EFFECT, RuleState
from mailgate.policy.stages import softened
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.kept_plans import PLAN_AGE
from mailgate.rollout.plan import ByLabel, Counts, MoverCounts, MoversAtMoment
from mailgate.store import AuditEntry, Store
from mailgate.store.audit import moment_of
from mailgate.store.device_rows import OutageCause
from mailgate.store.hash_chain import details_of
from mailgate.store.policies import ACTIVATED, RETRACTED

WEEK, TREND = timedelta(days=7), timedelta(days=TREND_DAYS)
MOST = 8
"""How many changes, and how many coming ones, are listed."""
READ = 200
"""How many changes are read."""
_NOT_PEOPLE = {BY_FILE: phrase("The files"), "gate": phrase("The gate"), "": phrase("An admin")}
"""Who is no admin, by the name in the audit log, and an admin who is not named."""
_MAILS = {MailAccess.LOST: phrase("Marked as lost"), MailAccess.PROOF: phrase("Has to prove itself first")}
_STATES: Mapping[str, str] = {
    PostureState.CLEAN: phrase("Another rule, without a listed app"),
    PostureState.LISTED: phrase("Another rule, with a listed app"),
}


class MailCause(Fact):
    """Why some people have a device without mail. Each is counted once, for an app before all else."""

    words: Words
    """The cause: the name of an app, or what is known of the device."""
    app: str
    """The key of the app; empty if none is the cause."""
    mail: str
    """The mail status of the devices; empty if an app is the cause."""
    state: str
    """The state of the devices; empty if an app is the cause."""
    people: int
    """How many people."""


class WithoutMail(Fact):
    """The people who have a device without mail, counted in the background."""

    people: int
    """How many people."""
    having: int
    """How many people have a device."""
    causes: list[MailCause]
    """Why, most people first."""
    at_laptops: int
    """How many of them asked for mail on a laptop within a week. Of the others it is not known."""
    nobodys: int
    """Devices without mail whose person is not known. They are not among the people."""
    unreported: int
    """Other people who got no mail within a week at the last try of a client that no source reports."""
    at: Instant
    """When they were counted."""


def without_mail(counted: Outage | None, policy: Policy) -> WithoutMail | None:
    """Who has no mail; None before the first count."""
    if counted is None:
        return None
    causes: dict[tuple[str, str, str], MailCause] = {}
    for each in counted.causes:
        found = _cause(each, policy)
        key = (found.app, found.mail, found.state)
        known = causes.get(key)
        causes[key] = found.model_copy(update={"people": each.people + (known.people if known else 0)})
    return WithoutMail.taken_from(
        counted,
        people=sum(each.people for each in counted.causes),
        causes=sorted(causes.values(), key=lambda each: -each.people),
        at_laptops=sum(each.at_laptops for each in counted.causes),
    )


def _cause(each: OutageCause, policy: Policy) -> MailCause:
    if app := each.first_app:
        return MailCause(words=policy.catalog.name_of(app), app=app, mail="", state="", people=each.people)
    by_state = _STATES.get(each.state) or state_in_words(each.state)
    words = _MAILS.get(MailAccess(each.mail), by_state)
    return MailCause(words=words, app="", mail=each.mail, state=each.state, people=each.people)


class RefusedPeople(Fact):
    """The people who asked for mail on a UTC day and were refused."""

    day: Day
    """The day."""
    people: int | None
    """How many people; null if they were not counted."""
    strangers: int | None
    """How many clients of nobody who is known by name; null if they were not counted."""


async def refused_by_day(store: Store, now: datetime) -> list[RefusedPeople]:
    """The last two weeks, today last. Raises StoreUnavailableError."""
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=back) for back in range(TREND_DAYS - 1, -1, -1)]
    known = {each.day: each for each in await store.refused_days.since(days[0])}
    return [
        RefusedPeople(day=day, people=told and told.people, strangers=told and told.strangers)
        for day in days
        for told in [known.get(day)]
    ]


@dataclass(frozen=True, slots=True)
class Turn:
    """Something that somebody did, or that comes by its date."""

    at: datetime
    words: str
    page: str
    """The name of the route of the page about it."""
    parts: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    of_rules: bool = True
    """Whether it may change who gets mail by the rules, so that the trend shows it."""

    @property
    def day(self) -> date:
        return self.at.astimezone(UTC).date()


_ACTS = {
    ACTIVATED: phrase("%(who)s started version %(number)s"),
    f"{ACTIVATED}-against-the-guard": phrase("%(who)s started version %(number)s against the guard"),
    RETRACTED: phrase("%(who)s rolled back to version %(number)s"),
    "rule-halted": phrase("“%(rule)s” stopped by itself"),
    "rule-turned-off": phrase("%(who)s turned off “%(rule)s”"),
    "rule-resumed": phrase("%(who)s turned “%(rule)s” on again"),
}
_OTHER_ACTS = {
    "exemption-given": phrase("%(who)s gave an exemption from “%(rule)s”"),
    "exemption-ended": phrase("%(who)s ended an exemption from “%(rule)s”"),
    "device-lost": phrase("%(who)s marked a device as lost"),
    "device-found": phrase("%(who)s marked a device as found"),
    "settings-changed": phrase("%(who)s changed the settings"),
}
_ALL = {
    "exemption-given": phrase("%(who)s gave an exemption from every rule"),
    "exemption-ended": phrase("%(who)s ended an exemption from every rule"),
}
_PAGES = {"exemption": "exemptions", "device": "devices"}
_BEGAN = {
    RuleState.WATCHES: phrase("“%(rule)s” began to watch"),
    RuleState.WARNS: phrase("“%(rule)s” began to warn"),
    RuleState.CHALLENGES: phrase("“%(rule)s” began to ask for proof"),
    RuleState.BLOCKS: phrase("“%(rule)s” began to block"),
}
_BEGINS = {
    RuleState.WATCHES: phrase("“%(rule)s” watches from then on"),
    RuleState.WARNS: phrase("“%(rule)s” warns from then on"),
    RuleState.CHALLENGES: phrase("“%(rule)s” asks for proof from then on"),
    RuleState.BLOCKS: phrase("“%(rule)s” blocks from then on"),
}


async def changes_of(store: Store, bundle: Bundle, now: datetime, *, names: bool = True) -> list[Turn]:
    """What changed within the time of the trend, the newest first; without ``names`` only of rules, and not by whom or why. Raises
    StoreUnavailableError."""
    since, policy = now - TREND, bundle.policy
    entries = await store.audit.latest([*_ACTS, *(_OTHER_ACTS if names else ())], since, READ)
    if not names:
        entries = [replace(each, who=each.who if each.who in _NOT_PEOPLE else "", why="") for each in entries]
    found = [change for each in entries if (change := _change(each, policy))]
    active = await store.policies.active()
    if active is not None:  # what a version did before it was in force is not known here
        begun = max(since, active.at)
        found += [each for each in _stages(policy, _BEGAN) if begun < each.at <= now]
    return sorted(found, key=lambda each: each.at, reverse=True)


def _change(entry: AuditEntry, policy: Policy) -> Turn | None:
    at = moment_of(entry.at)
    if at is None:  # ``mailgate audit verify`` tells of it
        return None
    noun, _, number = entry.about.partition(" ")
    rule = str(details_of(entry).get("rule", ""))
    said = (_ACTS | _OTHER_ACTS | (_ALL if rule == "all" else {}))[entry.what]
    told = {"who": _NOT_PEOPLE.get(entry.who, entry.who), "number": number, "rule": policy.title_of(rule)}
    words = phrase(str(said), **told)
    page, parts = _PAGES.get(noun, "audit"), dict[str, str]()
    if noun == "version" and number.isdigit():
        page, parts = "policy-version", {"name": number}
    elif entry.what in _ACTS and any(each.id == rule for each in policy.rules):
        page, parts = "policy-rule", {"rule": rule}
    return Turn(at, words, page, parts, entry.why, entry.what in _ACTS)


def _stages(policy: Policy, words: Mapping[RuleState, str]) -> Iterator[Turn]:
    """When the stages of the rules begin."""
    for rule in policy.rules:
        for stage, at in rule.stages.starts() if rule.stages else ():
            watches = stage is Stage.REPORT_ONLY
            state = RuleState.WATCHES if watches else STATE_OF_EFFECT[softened(rule.effect, stage)]
            if said := words.get(state):
                told = phrase(str(said), rule=policy.title_of(rule.id))
                yield Turn(at, told, "policy-rule", {"rule": rule.id})


_HIT = {
    "block": plural("%(count)s person loses mail.", "%(count)s people lose mail."),
    "challenge": plural(
        "%(count)s person has to prove the device.", "%(count)s people have to prove the device."
    ),
    "unknown": plural("%(count)s person loses mail, or may.", "%(count)s people lose mail, or may."),
    "warn": plural("%(count)s person is warned.", "%(count)s people are warned."),
}
_LOST = plural("%(count)s device loses mail, or may.", "%(count)s devices lose mail, or may.")
_WARNED = plural("%(count)s device is warned.", "%(count)s devices are warned.")


def _counted(words: Phrase, number: int) -> Phrase:
    return plural(words.one, words.more, number)


def _met(then: MoversAtMoment, rule: str = "") -> str:
    """Whom a moment of a plan meets, by one rule or by all: people, and devices of nobody known as far as the plan tells them apart."""
    found = {label: _counts(then.newly[label], rule) for label in _HIT}
    nobodys = {label: 0 if each.people else each.devices for label, each in found.items()}
    warned, told = nobodys.pop("warn"), then.moved if not rule else None
    lost = max(sum(nobodys.values()), (told and told.nobodys) or 0)
    said = [
        *((words, found[label].people) for label, words in _HIT.items()),
        (_LOST, lost),
        (_WARNED, warned),
    ]
    return joined((_counted(words, number) for words, number in said if number), " ")


def _counts(moved: MoverCounts, rule: str) -> Counts:
    rows = [row for row in moved.by.get("rule", ()) if row.value == rule] if rule else [moved]
    return Counts(people=sum(row.people for row in rows), devices=sum(row.devices for row in rows))


def _moves_somebody(newly: ByLabel[MoverCounts]) -> bool:
    return any(each.devices for each in newly.values())


def _planned(plans: Iterable[PlanStatus], now: datetime) -> Iterator[Turn]:
    """The plans that have not started: each date on which one meets somebody, or until when it can be started."""
    for each in plans:
        if each.state != "open" or each.back:
            continue
        needs = _counted(_NEEDS, each.missing) if each.missing else phrase("Not started.")
        parts = {"digest": each.plan.digest}
        words = phrase("Planned: %(title)s", title=title_of(each.body))
        met = _met(each.body)
        if met:
            said = (phrase("It can be started until then."), met, needs)
            yield Turn(each.plan.made_at + PLAN_AGE, words, "policy-plan", parts, joined(said, " "))
        for moment in each.body.later:
            if moment.at > now and (then := _met(moment)) not in ("", met):
                met = then
                yield Turn(moment.at, words, "policy-plan", parts, joined((then, needs), " "))


_NEEDS = plural("Needs %(count)s approval.", "Needs %(count)s approvals.")


def coming_up(
    policy: Policy, plans: Sequence[PlanStatus], now: datetime, *, names: bool = True
) -> list[Turn]:
    """What begins or ends by its date, planned or in force, the next one first, with how many people it meets as far as a plan said; without
    ``names`` only of rules and plans, and not why."""
    moments = [
        moment for each in plans if each.state in ("in force", "replaced") for moment in each.body.later
    ]
    found, off = list(_planned(plans, now)), policy.reliefs.off(now)
    for each in _stages(policy, _BEGINS):
        rule, out = each.parts["rule"], off.get(each.parts["rule"])
        if each.at > now and not (out and (out.until is None or out.until > each.at)):
            then = [moment for moment in moments if moment.at == each.at and _moves_somebody(moment.newly)]
            # of several plans, each counted what it changed alone, by this rule or by another
            found.append(replace(each, why=_met(then[0], rule) if len(then) == 1 else ""))
    for relief in policy.reliefs.exemptions(now) if names else ():
        if relief.until and relief.cause is Cause.EXEMPTION:  # who let themselves in knows their end
            words = phrase("The exemption of %(who)s ends", who=short_name(relief.person or relief.device))
            found.append(Turn(relief.until, words, "exemptions", why=relief.why))
    for rule, relief in off.items():
        if relief.until:
            words = phrase("“%(rule)s” counts again", rule=policy.title_of(rule))
            why = relief.why if names else ""
            found.append(Turn(relief.until, words, "policy-rule", {"rule": rule}, why))
    return sorted(found, key=lambda each: each.at)


def marked_days(changes: Iterable[Turn], days: Sequence[date]) -> dict[date, list[Turn]]:
    """The changes of rules on each day of a trend that had any, both in order."""
    found: dict[date, list[Turn]] = {}
    for each in sorted(changes, key=lambda each: each.at):
        if each.of_rules and each.day in days:
            found.setdefault(each.day, []).append(each)
    return found
