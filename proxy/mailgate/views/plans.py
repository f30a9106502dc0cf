"""A plan in words, and as the rows of a spreadsheet."""

from collections.abc import Iterator
from datetime import UTC

from mailgate.rollout.guard import since
from mailgate.rollout.plan import LABELS, Counts, IdleRules, Moment, Plan, Sample, Sampled
from mailgate.simulate import DIMENSIONS

NEWLY = {
    "block": "newly kept out",
    "challenge": "newly asked for proof",
    "warn": "newly warned",
    "allow": "newly let in",
    "unknown": "cannot be told",
}
"""What each label is called before people."""
IS = {
    "block": "kept out",
    "challenge": "asked for proof",
    "warn": "warned",
    "allow": "let in",
    "unknown": "unknown",
}
CSV_COLUMNS = ("newly", "by", "value", "people", "devices")


def sample_told(sample: Sample, today: str = "now") -> str:
    """One who would move, in words; ``today`` says when what is in force decides."""
    who, before, after = sample.person or "nobody named", sample.before, sample.to
    apps = f", has {', '.join(sample.apps)}" if sample.apps else ""
    what = f"{sample.kind} {sample.system}".strip()
    return (
        f"{who}: {what}, {sample.device}{apps}: {IS[before.effect]} by {before.rule} {today}, "
        f"then {IS[after.effect]} by {after.rule} ({after.reason})"
    )


def who_told(sample: Sample) -> str:
    """One whom it is about, in words, with what decides now."""
    who, now = sample.person or "nobody named", sample.before
    what = f"{sample.kind} {sample.system}".strip()
    return f"{who}: {what}, {sample.device}: {IS[now.effect]} by {now.rule} now"


def moment_told(plan: Plan, moment: Moment) -> str:
    """How a sentence begins about one of the plan's later moments."""
    words = since(plan, moment)
    return words[0].upper() + words[1:]


def undated_told(plan: Plan) -> Iterator[str]:
    """Who may be kept out at a moment that cannot be told, and how that was found, a sentence each."""
    found = plan.undated
    if found.devices:
        yield (
            f"{_counted(found)} might newly be kept out at a moment that cannot be told: by what a condition does with the clock, "
            "by how old a report is then or that it has run out, while nobody can be asked, or once a grace, an exemption or a halt is over before another."
        )
    if found.rules:
        names = ", ".join(found.rules)
        yield f"It cannot be told when these rules decide otherwise, so they are taken to do so at any time: {names}."
    if found.sampled.moments:
        yield _sampled_told(found.sampled)


def _sampled_told(sampled: Sampled) -> str:
    moved = [f"{_counted(each)} {NEWLY[label]}" for label, each in sampled.newly.items() if each.devices]
    first = sampled.first and sampled.first.astimezone(UTC)
    when = f"; kept out first at {first:%Y-%m-%d %H:%M} UTC" if first else ""
    moments = f"{sampled.moments:,} sampled moments (every hour of a week, every day of 13 months, each time that the rules name)"
    return f"Decided at {moments}: {', '.join(moved) or 'nobody moves at these'}{when}."


def _counted(counts: Counts) -> str:
    return f"{people_in(counts)} with {devices_in(counts)}"


def people_in(counts: Counts) -> str:
    """How many people, in words."""
    return f"{counts.people:,} {'person' if counts.people == 1 else 'people'}"


def devices_in(counts: Counts) -> str:
    """How many devices, in words."""
    return f"{counts.devices:,} device{'' if counts.devices == 1 else 's'}"


def idle_rules(rules: IdleRules) -> Iterator[str]:
    """Rules that do nothing, and why, a sentence each."""
    for name, why in rules.out_of_reach.items():
        yield f"{name} can never decide anything: {why}"
    for name in rules.match_nobody:
        yield f"{name} matches nobody"
    for name in rules.not_started:
        yield f"{name} has not started yet; see the column of its date"


def notes_of(plan: Plan) -> Iterator[str]:
    """What it is good to know about the counts."""
    yield f"Every known device and every request since {plan.window.since} was decided by both versions of the rules."
    yield "A device that asks in two ways, say by browser and by mail app, has two rows. Devices that did not ask in this"
    yield "time are taken to ask with their proof."
    if plan.newly["unknown"].devices:
        names = ", ".join(plan.hangs_on)
        yield f"What cannot be told hangs on {names}, which is not recorded of requests."
    exempt = plan.reliefs.exempt
    if exempt.people or exempt.devices:
        yield f"{people_in(exempt)} and {devices_in(exempt)} have exemptions, which were applied."
    for name, words in plan.reliefs.off.items():
        yield f"The rule {name} is {words}. It stops nobody in these counts."
    for name in plan.newly_listed:
        yield f"{name} is listed only now: no report tells of it yet, so whom it hits is not known."


def rows_of(plan: Plan) -> Iterator[list[object]]:
    """The counts of a plan, in the cells of ``CSV_COLUMNS``."""
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
    yield ["kept_out", "undated", "", plan.undated.people, plan.undated.devices]
    yield ["kept_out", "all", "", plan.kept_out.people, plan.kept_out.devices]
    yield ["untouched", "all", "", plan.untouched.people, plan.untouched.devices]
