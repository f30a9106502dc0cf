"""A plan in words, and as the rows of a spreadsheet."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mailgate.rollout.guard import since
from mailgate.rollout.plan import LABELS
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


def sample_told(sample: Mapping[str, Any], today: str = "now") -> str:
    """One who would move, in words; ``today`` says when what is in force decides."""
    who = sample["person"] or "nobody named"
    apps = f", has {', '.join(sample['apps'])}" if sample["apps"] else ""
    what = f"{sample['kind']} {sample['system']}".strip()
    before, after = sample["from"], sample["to"]
    return (
        f"{who}: {what}, {sample['device']}{apps}: {IS[before['effect']]} by {before['rule']} {today}, "
        f"then {IS[after['effect']]} by {after['rule']} ({after['reason']})"
    )


def who_told(sample: Mapping[str, Any]) -> str:
    """One whom it is about, in words, with what decides now."""
    what = f"{sample['kind']} {sample['system']}".strip()
    who, now = sample["person"] or "nobody named", sample["from"]
    return f"{who}: {what}, {sample['device']}: {IS[now['effect']]} by {now['rule']} now"


def moment_told(plan: Mapping[str, Any], moment: Mapping[str, Any]) -> str:
    """How a sentence begins about one of the plan's later moments."""
    words = since(plan, moment)
    return words[0].upper() + words[1:]


def undated_told(plan: Mapping[str, Any]) -> Iterator[str]:
    """Who may be kept out at a moment that cannot be told, and how that was found, a sentence each."""
    found = plan.get("undated")  # a plan that was kept before there was any has none
    if found and found["devices"]:
        yield (
            f"{_counted(found)} might newly be kept out at a moment that cannot be told: by what a condition does with the clock, "
            "by how old a report is then or that it has run out, while nobody can be asked, or once a grace, an exemption or a halt is over before another."
        )
    if found and found["rules"]:
        names = ", ".join(found["rules"])
        yield f"It cannot be told when these rules decide otherwise, so they are taken to do so at any time: {names}."
    if found and found["sampled"]["moments"]:
        yield _sampled_told(found["sampled"])


def _sampled_told(sampled: Mapping[str, Any]) -> str:
    moved = [
        f"{_counted(each)} {NEWLY[label]}" for label, each in sampled["newly"].items() if each["devices"]
    ]
    first = sampled["first"] and datetime.fromisoformat(sampled["first"]).astimezone(UTC)
    when = f"; kept out first at {first:%Y-%m-%d %H:%M} UTC" if first else ""
    moments = f"{sampled['moments']:,} sampled moments (every hour of a week, every day of 13 months, each time that the rules name)"
    return f"Decided at {moments}: {', '.join(moved) or 'nobody moves at these'}{when}."


def _counted(counts: Mapping[str, Any]) -> str:
    people = f"{counts['people']:,} {'person' if counts['people'] == 1 else 'people'}"
    return f"{people} with {counts['devices']:,} device{'' if counts['devices'] == 1 else 's'}"


def idle_rules(rules: Mapping[str, Any]) -> Iterator[str]:
    """Rules that do nothing, and why, a sentence each."""
    for name, why in rules["out_of_reach"].items():
        yield f"{name} can never decide anything: {why}"
    for name in rules["match_nobody"]:
        yield f"{name} matches nobody of all these"
    for name in rules["not_started"]:
        yield f"{name} has not started by its stages: whom it will hit stands under its date"


def notes_of(plan: Mapping[str, Any]) -> Iterator[str]:
    """What it is good to know about the counts."""
    window = plan["window"]
    yield f"Counted: every known device, and every sighting since {window['since']}. A person or device that comes in"
    yield "two ways may stand in two rows. Devices not seen since then are taken to ask with their proof."
    if plan["newly"]["unknown"]["devices"]:
        names = ", ".join(plan["hangs_on"])
        yield f"What cannot be told hangs on {names}, which is not recorded of requests."
    exempt, off = plan["reliefs"]["exempt"], plan["reliefs"]["off"]
    if exempt["people"] or exempt["devices"]:
        yield f"{exempt['people']:,} people and {exempt['devices']:,} devices are exempt from some rule and decided so."
    for name, words in off.items():
        yield f"{name} is {words}. Nobody is counted as stopped by it."
    for name in plan["newly_listed"]:
        yield f"{name} is listed only now: no report tells of it yet, so whom it hits is not known."


def rows_of(plan: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The counts of a plan, in the cells of ``CSV_COLUMNS``."""
    for label in LABELS:
        new = plan["newly"][label]
        yield [label, "all", "", new["people"], new["devices"]]
        for dimension in DIMENSIONS:
            for row in new["by"][dimension]:
                yield [label, dimension, row["value"], row["people"], row["devices"]]
    for moment in plan.get("later", ()):  # a plan that was kept before there were any has none
        for label in LABELS:
            new = moment["newly"][label]
            yield [label, "from", moment["at"], new["people"], new["devices"]]
    if "undated" in plan:
        yield ["kept_out", "undated", "", plan["undated"]["people"], plan["undated"]["devices"]]
        yield ["kept_out", "all", "", plan["kept_out"]["people"], plan["kept_out"]["devices"]]
    yield ["untouched", "all", "", plan["untouched"]["people"], plan["untouched"]["devices"]]
