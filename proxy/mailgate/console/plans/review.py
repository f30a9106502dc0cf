"""What an approver reads of a plan: its rules in words with their dates, who loses mail by name, and what was checked, a sentence each."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from mailgate.config import compile_rules
from mailgate.config.rules import KEPT_GROUPS
from mailgate.console import svg
from mailgate.console.context import ConsoleContext
from mailgate.console.plans.facts import rules_hitting
from mailgate.console.plans.movers import MoverFacts, moments_of, mover_facts
from mailgate.console.plans.picture import Panel
from mailgate.console.policy.rules import RuleInWords, rules_in_words
from mailgate.devices.looks import sightings_of
from mailgate.model import Effect, Stage
from mailgate.model.phrase import (
    ENGLISH,
    Translator,
    joined,
    joined_by_and,
    joined_names,
    phrase,
    plural,
    translate,
)
from mailgate.policy import Policy
from mailgate.policy.changes import Change
from mailgate.policy.rules import OnUnavailable, Rule
from mailgate.policy.simulate.impact import Mover
from mailgate.policy.stages import softened
from mailgate.rollout.approvals import PlanStatus
from mailgate.rollout.plan import OUT, MoverCounts, MoversAtMoment, Plan
from mailgate.store import StoredPlan
from mailgate.store.plan_movers import WINDOW, MoverFilter
from mailgate.tasks import compute

LISTED = 50
"""How many of those who lose mail are listed by name at first."""
_KINDS = {
    "client.handheld": phrase("Phones and tablets"),
    'client.kind == "phone"': phrase("Phones"),
    'client.kind == "tablet"': phrase("Tablets"),
    'client.kind == "laptop"': phrase("Laptops"),
}
_LIST, _QUOTED = re.compile(r'"([^"]+)" in device\.lists'), re.compile(r'"([^"]+)"')
_APP = re.compile(
    r'(?P<one>"[^"]+") in device\.apps|\[(?P<some>"[^"]+"(?:, ?"[^"]+")*)\]\.exists\((\w+), \3 in device\.apps\)'
)


class StageOfPlan(NamedTuple):
    """What a rule does from one moment of a plan on, until the next."""

    at: datetime | None
    """None for now."""
    stage: Stage
    newly: int
    """How many people the rule newly warns or keeps out by then."""
    devices: int = 0
    """How many devices."""


@dataclass(frozen=True, slots=True)
class PlannedRule:
    sign: str
    """``+`` for a new rule, ``~`` for a changed one; empty if it stays, and other people come under it."""
    words: RuleInWords
    kinds: str
    """The devices that it is about; empty if its condition does not say so alone."""
    apps: tuple[str, ...]
    lists: tuple[str, ...]
    rest: str
    """What is left of its condition, as code."""
    groups: tuple[tuple[str, int], ...]
    """Its groups, each with the people whom the plan knows in it; empty if it is for everybody."""
    share: float
    unavailable: OnUnavailable | None
    """None if it does not go by what is known of a device."""
    sends: bool
    """Whether its notices start by themselves."""
    stages: tuple[StageOfPlan, ...]
    """Empty if it has no date that is still to come."""


async def planned_rules(found: StoredPlan, plan: Plan, now: datetime) -> list[PlannedRule]:
    """The new and changed rules, and those under which other people come. Raises ConfigError."""
    return await compute(_planned, await planned_policy(found), plan, now)


async def planned_policy(found: StoredPlan) -> Policy:
    """The rules of a plan, without the members of its groups. Raises ConfigError."""
    texts = frozenset(item for item in found.candidate.texts.items() if item[0] != KEPT_GROUPS)
    return await compute(_policy, texts)


@lru_cache(maxsize=8)
def _policy(texts: frozenset[tuple[str, str]]) -> Policy:
    return compile_rules(dict(texts)).policy


def _planned(policy: Policy, plan: Plan, now: datetime) -> list[PlannedRule]:
    hitting = rules_hitting(plan)
    told = {each.id: each for each in rules_in_words(policy, now)}
    changed: dict[str, list[Change]] = {}
    for each in plan.changes:
        changed.setdefault(each.about, []).append(each)
    return [
        _rule(rule, told[rule.id], changed.get(f"rule {rule.id}", []), policy, plan)
        for rule in policy.rules
        if rule.id in hitting or f"rule {rule.id}" in changed
    ]


def _rule(
    rule: Rule, words: RuleInWords, differences: Sequence[Change], policy: Policy, plan: Plan
) -> PlannedRule:
    atoms = [each.strip() for each in rule.when.text.split("&&")]
    kinds = [each for each in atoms if each in _KINDS]
    apps = [
        each
        for atom in atoms
        if (found := _APP.fullmatch(atom))
        for each in _QUOTED.findall(found["one"] or found["some"])
    ]
    lists = [each[1] for atom in atoms if (each := _LIST.fullmatch(atom))]
    known = {row.value: row.people for row in plan.company.get("group", ())}
    reads_device = any(name.startswith("device.") for name in rule.when.reads)
    return PlannedRule(
        next((each.sign for each in differences), ""),
        words,
        _KINDS[kinds[0]] if len(kinds) == 1 else "",
        tuple(policy.catalog.name_of(each) for each in apps),
        tuple(lists),
        " && ".join(
            each for each in atoms if not (_APP.fullmatch(each) or _LIST.fullmatch(each) or kinds == [each])
        ),
        tuple((group, known.get(group, 0)) for group in rule.groups),
        rule.share,
        rule.on_unavailable if reads_device else None,
        rule.notice.send is not None,
        tuple(_stages(rule, plan)),
    )


def _stages(rule: Rule, plan: Plan) -> Iterator[StageOfPlan]:
    ahead = [(stage, at) for stage, at in (rule.stages.starts() if rule.stages else ()) if at > plan.made_at]
    if not ahead:
        return
    today = rule.stage_at(plan.made_at)
    yield StageOfPlan(None, today, *_newly(plan.newly, rule, today))
    for stage, at in ahead:
        newly = next((each.newly for each in plan.later if each.at == at), plan.newly)
        yield StageOfPlan(at, stage, *_newly(newly, rule, stage))


def _newly(newly: Mapping[str, MoverCounts], rule: Rule, stage: Stage) -> tuple[int, int]:
    if stage not in (Stage.WARN, Stage.ENFORCE):
        return 0, 0
    rows = newly[softened(rule.effect, stage).value].by.get("rule", ())
    return next(((row.people, row.devices) for row in rows if row.value == rule.id), (0, 0))


WIDE, NARROW, _GAP = 620, 340, 3
_LOOKS = {Stage.WARN: "warn", Stage.ENFORCE: "block", Stage.REPORT_ONLY: "unknown", Stage.PENDING: "rest"}


def stages_picture(rule: PlannedRule, translator: Translator = ENGLISH, *, narrow: bool = False) -> Panel:
    """The stages of a rule that are still to come, one bar each, with the people whom it newly meets in them."""
    width = NARROW if narrow else WIDE
    room, drawn = (width + _GAP) / len(rule.stages), list[str]()
    for place, each in enumerate(rule.stages):
        x = place * room
        look = rule.words.effect if each.stage is Stage.ENFORCE else _LOOKS[each.stage]
        start = translate(phrase("Today"), translator) if each.at is None else translator.short_day(each.at)
        drawn += [
            svg.bar(x, 0, room - _GAP, 22, f"bar {look}"),
            svg.text(x, 42, translate(stage_words(rule, each), translator), "ink"),
            svg.text(x, 62, start, "soft", at=each.at),
        ]
    told = [
        phrase("From %(day)s: %(words)s.", day=translator.day(each.at), words=stage_words(rule, each))
        for each in rule.stages
        if each.at
    ]
    return Panel(phrase("Stages"), joined(told, " "), 68, "\n".join(drawn), width)


def stage_words(rule: PlannedRule, each: StageOfPlan) -> str:
    """What a rule does in a stage, and to how many more people, in two or three words."""
    if each.stage is Stage.PENDING:
        return phrase("No change")
    if each.stage is Stage.REPORT_ONLY:
        return phrase("Watches")
    nobodys = each.devices if not each.newly else 0
    if each.stage is Stage.WARN or rule.words.effect == Effect.WARN:
        warned = plural("%(count)s device warned", "%(count)s devices warned", nobodys)
        return warned if nobodys else phrase("%(count)s warned", count=each.newly)
    if rule.words.effect == Effect.BLOCK:
        lose = plural("%(count)s device loses mail", "%(count)s devices lose mail", nobodys)
        return lose if nobodys else phrase("%(count)s lose mail", count=each.newly)
    return phrase("Starts")


@dataclass(frozen=True, slots=True)
class Loser:
    """Somebody who loses mail by a plan, or may."""

    facts: MoverFacts
    apps: tuple[tuple[str, datetime | None], ...]
    """The listed apps on the device, each with the time at which a source last saw it."""
    laptop_at: datetime | None
    """When they last asked for mail on a laptop; None if that is not known."""


@dataclass(frozen=True, slots=True)
class Losers:
    """Those who lose mail by a plan, the first ones by name."""

    rows: tuple[Loser, ...]
    people: int | None
    """How many of them are named in the plan; None if they are too many to be counted for a page."""
    on_laptop: int
    """How many of those are known to ask for mail on a laptop."""
    more: bool


async def losers_of(context: ConsoleContext, found: StoredPlan, plan: Plan) -> Losers:
    """Those who newly lose mail, the first to lose it first. Raises StoreUnavailableError."""
    store, bundle, now = context.store, context.bundle(), context.clock()
    moments, large, movers = moments_of(plan), found.movers > WINDOW, list[Mover]()
    for label in OUT:
        wanted = MoverFilter(label=label, before=len(moments), newly=True, sort="" if large else "since")
        movers += (await store.movers.search(found.digest, wanted, 0, LISTED + 1, large=large)).rows
    people, on_laptop = (None, 0) if large else await store.movers.out(found.digest, len(moments))
    shown = list({(each.person, each.device): each for each in reversed(movers[:LISTED])}.values())[::-1]
    devices = await store.devices.of_ids(each.device for each in shown)
    laptops = await store.fleet.last_seen(sorted({each.person for each in shown if each.person}))
    catalog, precedence = bundle.policy.catalog, bundle.settings.posture.precedence
    rows = []
    for each in shown:
        device = devices.get(each.device)
        reports = [report for report in device.reports if not report.gone] if device else []
        seen = {
            app: [report.looked(now) for report in sightings_of(app, reports, precedence, now)]
            for app in each.apps
        }
        apps = tuple((catalog.name_of(app), max(filter(None, at), default=None)) for app, at in seen.items())
        rows.append(Loser(mover_facts(each, moments, catalog), apps, laptops.get(each.person)))
    return Losers(tuple(rows), people, on_laptop, len(movers) > LISTED)


Check = tuple[str, str]
"""How a check came out, ``ok``, ``warn`` or ``no``, and the sentence that says so."""


def checks_of(status: PlanStatus, losers: Losers) -> Iterator[Check]:
    """What speaks for a plan and against it, a sentence each."""
    plan = status.body
    yield from (("warn", each) for each in status.against)
    if status.state == "open" and not status.against:
        yield "ok", _lets_pass(status)
    if losers.people:
        yield _on_a_laptop(losers.people, losers.on_laptop)
    if plan.kept_out.people or plan.kept_out.devices:
        yield _told_ahead(plan)
    if plan.cases.run and not plan.cases.failed:
        yield "ok", plural("%(count)s test case passes", "%(count)s test cases pass", plan.cases.run)
    if not plan.cases.run:
        yield "warn", phrase("No test case says what these rules must do")
    if not any(each.devices for each in plan.newly.values()):
        yield "ok", phrase("Nobody gains or loses mail today")


def _lets_pass(status: PlanStatus) -> str:
    if not status.needed:
        return phrase("It needs no approval")
    return phrase("Approved by %(names)s", names=joined_names(status.approved, joined_by_and))


def _on_a_laptop(people: int, on_laptop: int) -> Check:
    if on_laptop == people:
        return "ok", plural(
            "%(count)s of them asks for mail on a laptop too",
            "All %(count)s people ask for mail on a laptop too",
            people,
        )
    if not on_laptop:
        return "warn", phrase("Whether any of them asks for mail on a laptop is not known")
    unknown = people - on_laptop
    return "warn", plural(
        "%(known)s of %(people)s people ask for mail on a laptop too; of %(count)s that is not known",
        "%(known)s of %(people)s people ask for mail on a laptop too; of %(count)s that is not known",
        unknown,
        known=on_laptop,
        people=people,
    )


def _told_ahead(plan: Plan) -> Check:
    """Whether those who lose mail are warned before, as far as counts can tell: by the same rule, and no fewer."""
    moments = [(plan.made_at, plan), *((each.at, each) for each in plan.later)]
    losing = [(at, then) for at, then in moments if _may_lose(then)]
    if losing and losing[0][1] is plan:
        surely = plan.newly[Effect.BLOCK].devices or plan.newly[Effect.CHALLENGE].devices
        return "warn", (
            phrase("They lose mail at once, without a warning")
            if surely
            else phrase("They might lose mail at once, without a warning")
        )
    out, warned = _first_by_rule(losing, OUT), _first_by_rule(moments, (Effect.WARN.value,))
    ahead = [
        (at - warned[rule][0]).days
        for rule, (at, devices) in out.items()
        if rule in warned and warned[rule][0] < at and warned[rule][1] >= devices
    ]
    if not ahead:
        return "warn", phrase("They lose mail without a warning before")
    if len(ahead) < len(out):
        return "warn", phrase("Not all of them are warned before")
    return "ok", plural(
        "They are warned %(count)s day before", "They are warned %(count)s days before", min(ahead)
    )


def _may_lose(then: MoversAtMoment) -> bool:
    """Whether somebody may newly lose mail at a moment: not who could not prove a device before, and may now."""
    asked, moved = then.newly[Effect.CHALLENGE].devices, then.moved
    surely = any(then.newly[label].devices for label in OUT if label != Effect.CHALLENGE)
    return surely or bool(asked and (moved.out or moved.nobodys))


def _first_by_rule(
    moments: Sequence[tuple[datetime, MoversAtMoment]], labels: Sequence[str]
) -> dict[str, tuple[datetime, int]]:
    """The first moment at which each rule moves somebody to one of these effects, and how many devices."""
    found: dict[str, tuple[datetime, int]] = {}
    for at, then in moments:
        counted = Counter[str]()
        for label in labels:
            counted.update({row.value: row.devices for row in then.newly[label].by.get("rule", ())})
        for rule, devices in counted.items():
            found.setdefault(rule, (at, devices))
    return found
