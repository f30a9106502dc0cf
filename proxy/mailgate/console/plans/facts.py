"""A plan in words, and as the rows of a spreadsheet. Its title is its most important change."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from mailgate.config import Rules
from mailgate.console.notices.facts import rule_notices
from mailgate.console.policy.rules import span
from mailgate.model import Effect
from mailgate.model.fact import Fact, Words
from mailgate.model.phrase import capital, day, joined, joined_by_and, joined_names, phrase, plural
from mailgate.policy.reliefs import Cause, Relief
from mailgate.policy.simulate.impact import DIMENSIONS, Mover
from mailgate.policy.simulate.judge import UNKNOWN
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.guard import moment_phrase
from mailgate.rollout.plan import LABELS, Counts, Headline, IdleRules, Moment, Plan
from mailgate.store import MailKind

NOTHING = Headline(words=phrase("No rule changes"))


def waits_for(plan: PlanStatus, name: str, *, may_approve: bool) -> bool:
    """Whether a plan waits for this person: for their approval, or for its author to put it in force once it is approved."""
    mine = plan.plan.author == name
    if plan.state != "open" or not (plan.needed or plan.back):
        return False
    if plan.back:
        return mine
    return mine if not plan.missing else may_approve and not mine and name not in plan.approved


def headline_of(plan: Plan) -> Headline:
    """The most important change."""
    return plan.headlines[0] if plan.headlines else NOTHING


def more_of(plan: Plan) -> str:
    """The number of other changes, in words."""
    others = len(plan.headlines) - 1
    return phrase("and %(count)s more", count=others) if others > 0 else ""


def title_of(plan: Plan) -> str:
    """The whole title, with its date in UTC.

    A title has quotes of its own, so no sentence quotes it: it stands behind a colon.
    """
    first = headline_of(plan)
    at = day(first.at.astimezone(UTC)) if first.at else ""
    return joined((part for part in (first.words, at, more_of(plan)) if part), " ")


NEWLY = {
    "block": phrase("newly without mail"),
    "challenge": phrase("newly asked for proof"),
    "warn": phrase("newly warned"),
    "allow": phrase("newly with mail and no warning"),
    "unknown": phrase("not known"),
}
"""The display name of each label."""
EFFECT_STATES = {
    "block": phrase("without mail"),
    "challenge": phrase("asked for proof"),
    "warn": phrase("warned"),
    "allow": phrase("with mail"),
    "unknown": phrase("unknown"),
}
CSV_COLUMNS = ("newly", "by", "value", "people", "devices")


def mover_in_words(mover: Mover, today: str = "now") -> str:
    """A person or device that would move, in words. ``today`` is the word for when the rules in force decide."""
    who, apps = mover.person or "nobody named", f", has {', '.join(mover.apps)}" if mover.apps else ""
    what = f"{mover.kind} {mover.system}".strip()
    return (
        f"{who}: {what}, {mover.device}{apps}: {EFFECT_STATES[mover.before]} by {mover.before_rule} {today}, "
        f"then {EFFECT_STATES[mover.effect]} by {mover.rule} ({mover.reason})"
    )


def who_in_words(mover: Mover) -> str:
    """A person or device in words, with the decision now."""
    what = f"{mover.kind} {mover.system}".strip()
    state = f"{EFFECT_STATES[mover.before]} by {mover.before_rule} now"
    return f"{mover.person or 'nobody named'}: {what}, {mover.device}: {state}"


def moment_in_words(plan: Plan, moment: Moment) -> str:
    """The beginning of a sentence about one of the plan's later moments."""
    return capital(moment_phrase(plan, moment))


def undated_in_words(plan: Plan) -> Iterator[str]:
    """Sentences about people who may be kept out at a moment that cannot be predicted, and how they were found; and about rules
    that keep out others as versions change."""
    found = plan.undated
    if found.devices:
        yield phrase(
            "%(counts)s might lose mail at a time we cannot tell: when a report gets old, when a source does not answer, or when a grace, an exemption or a stop ends. Or a device asks in another way than we assumed.",
            counts=counted_in_words(found),
        )
    if found.rules:
        names = ", ".join(found.rules)
        yield phrase(
            "We cannot tell when these rules change what they do, so the plan assumes any time. Look at them yourself: %(rules)s.",
            rules=names,
        )
    yield from (_version_in_words(plan, name) for name in plan.reads_versions)


def _version_in_words(plan: Plan, name: str) -> str:
    """A sentence about a rule that reads a version. Whoever is unknown may be kept out, and is no nobody."""
    if plan.reads_versions[name] not in (Effect.BLOCK, Effect.CHALLENGE):
        return phrase(
            "“%(rule)s” depends on a version, so updates of browsers and systems change whom it is about. The rules after it decide about everybody else.",
            rule=name,
        )
    rows = [
        row
        for label in ("block", "challenge", UNKNOWN)
        for row in plan.newly[label].by["rule"]
        if row.value == name
    ]
    today = Counts(people=sum(row.people for row in rows), devices=sum(row.devices for row in rows))
    counts = counted_in_words(today)
    if len(rows) > 1:  # whose devices move to two effects is in the rows of both
        counts = phrase("at most %(count)s", count=counts)
    return phrase(
        "“%(rule)s” depends on a version, so updates of browsers and systems change who loses mail. Today these lose mail, or might: %(counts)s.",
        rule=name,
        counts=counts,
    )


def held_back_in_words(plan: Plan) -> str:
    """A sentence about whom a share or a stage misses; empty if nothing holds a rule back."""
    held = plan.held_back
    if held is None:
        return ""
    moved = [
        joined([counted_in_words(each), NEWLY[label]], " ")
        for label, each in held.newly.items()
        if each.devices
    ]
    return phrase(
        "These rules are not for everybody, or do not block today: %(rules)s. If they blocked for everybody, these would change too: %(moved)s.",
        rules=", ".join(held.rules),
        moved=joined(moved) or phrase("nobody else"),
    )


def counted_in_words(counts: Counts) -> str:
    """People with their devices, or devices alone if they are nobody's."""
    if counts.devices and not counts.people:
        return devices_in(counts)
    return phrase("%(people)s with %(devices)s", people=people_in(counts), devices=devices_in(counts))


def losers_in_words(plan: Plan) -> str:
    """How many newly lose mail by a plan, or may."""
    lost = plan.kept_out
    who = devices_in(lost) if lost.devices and not lost.people else people_in(lost)
    return who if plan.is_sure else phrase("up to %(who)s", who=who)


def regaining_in_words(plan: Plan) -> str:
    """How many people get mail again at once, as a sentence without full stop; empty if nobody does."""
    if not plan.regaining:
        return ""
    return plural(
        "%(count)s person gets mail again at once", "%(count)s people get mail again at once", plan.regaining
    )


def people_in(counts: Counts) -> str:
    return plural("%(count)s person", "%(count)s people", counts.people)


def devices_in(counts: Counts) -> str:
    return plural("%(count)s device", "%(count)s devices", counts.devices)


def idle_rules(rules: IdleRules) -> Iterator[str]:
    """Sentences about rules that do nothing, with the reason."""
    for name, why in rules.out_of_reach.items():
        yield phrase("“%(rule)s” can never decide anything: %(why)s", rule=name, why=why)
    for name in rules.match_nobody:
        yield phrase("“%(rule)s” is about nobody", rule=name)
    for name in rules.not_started:
        yield phrase("“%(rule)s” has not begun; see the column of its date", rule=name)


def notes_of(plan: Plan) -> Iterator[str]:
    """Remarks on the counts of a plan, a sentence each."""
    for offer in plan.let_ins:
        told = {
            "rule": offer.rule,
            "hours": span(timedelta(hours=offer.hours)),
            "once": span(timedelta(hours=offer.once_per_hours)),
        }
        yield (
            plural(
                "%(count)s person loses mail by “%(rule)s” now and can let themselves in: for %(hours)s, once in %(once)s.",
                "%(count)s people lose mail by “%(rule)s” now and can let themselves in: for %(hours)s, once in %(once)s.",
                offer.people,
                **told,
            )
            if offer.people
            else phrase(
                "Whoever loses mail only by “%(rule)s” can let themselves in: for %(hours)s, once in %(once)s.",
                **told,
            )
        )
    yield phrase(
        "Both versions of the rules decided about every known device and every request since %(day)s. The people are those who have such a device or made such a request.",
        day=day(datetime.combine(plan.window.since, time.min)),
    )
    yield phrase(
        "A device that asks in two ways, say by browser and by mail app, has two rows. For devices that did not ask, we assume that they show their proof."
    )
    if plan.totals.clients:
        yield plural(
            "%(count)s other client has no known device. It is counted beside the devices.",
            "%(count)s other clients have no known device. They are counted beside the devices.",
            plan.totals.clients,
        )
    if plan.newly["unknown"].devices:
        names = ", ".join(plan.depends_on)
        yield phrase(
            "Some outcomes are not known: they depend on %(names)s, which requests do not record.",
            names=names,
        )
    exempt = plan.reliefs.exempt
    if exempt.people or exempt.devices:
        who = [people_in(exempt)] if exempt.people else []
        who += [devices_in(exempt)] if exempt.devices else []
        yield phrase("The exemptions of %(who)s were applied.", who=joined_names(who, joined_by_and))
    for name, off in plan.reliefs.off.items():
        yield phrase(
            "“%(rule)s” is %(words)s. It refuses nobody in these counts.",
            rule=name,
            words=Relief(0, Cause(off.cause), "", off.why, "", off.since, off.until).words,
        )
    for name in plan.newly_listed:
        yield phrase(
            "%(app)s is new on the list. No report names it yet, so we do not know who has it.", app=name
        )


def rows_of(plan: Plan) -> Iterator[list[object]]:
    """The counts of a plan, as rows of ``CSV_COLUMNS``."""
    for label in LABELS:
        new = plan.newly[label]
        yield [label, "all", "", new.people, new.devices]
        for dimension in DIMENSIONS:
            for row in new.by[dimension]:
                yield [label, dimension, row.value, row.people, row.devices]
    for moment in plan.later:
        for label in LABELS:
            at, then = moment.at.isoformat(), moment.newly[label]
            yield [label, "from", at, then.people, then.devices]
    for label, held in plan.held_back.newly.items() if plan.held_back else ():
        yield [label, "held_back", "", held.people, held.devices]
    yield ["kept_out", "undated", "", plan.undated.people, plan.undated.devices]
    yield ["kept_out", "all", "", plan.kept_out.people, plan.kept_out.devices]
    yield ["untouched", "all", "", plan.untouched.people, plan.untouched.devices]


RESTRICTING = ("block", "challenge", "warn")


class PlanNotice(Fact):
    """The notice for the people whom a rule of a plan restricts."""

    rule: str
    """The rule's id."""
    kind: MailKind | None
    """The kind of notice that may be sent now. Null if none may, and while the plan is not in force, since the notice
    would describe what the rule does today."""
    version: int
    """The version in force, whose notice it is."""
    why_not: Words
    """Why no notice may be sent although the plan is in force; empty otherwise."""
    dated: bool
    """Whether the rule restricts nobody before a date, so that its notice can be sent once the plan is in force."""
    new: bool
    """Whether the rules in force have no rule of this id."""


def plan_notices(plan: Plan, in_force: Rules, version: int, now: datetime) -> Iterator[PlanNotice]:
    """The notice of each rule that newly restricts somebody, now or later."""
    now_hit = {row.value for label in RESTRICTING for row in plan.newly[label].by.get("rule", ())}
    known = {each.rule: each for each in rule_notices(in_force.policy, version, now)}
    decides = in_force.digest == plan.candidate.digest
    for rule in rules_hitting(plan):
        notices = known.get(rule)
        kinds = notices.kinds if decides and notices else ()
        yield PlanNotice(
            rule=rule,
            kind=kinds[0] if kinds else None,
            version=version,
            why_not=notices.why_not if decides and notices else "",
            dated=rule not in now_hit,
            new=notices is None,
        )


def rules_hitting(plan: Plan) -> list[str]:
    """The rules that newly restrict somebody, in the order of the number of devices."""
    found: dict[str, int] = {}
    for newly in (plan.newly, *(each.newly for each in plan.later)):
        for label in RESTRICTING:
            for row in newly[label].by.get("rule", ()):
                found[row.value] = max(found.get(row.value, 0), row.devices)
    return sorted((each for each in found if each != "default"), key=lambda each: -found[each])
