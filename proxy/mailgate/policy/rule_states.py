"""What each rule does now and to whom, and so which apps are prohibited: the one place that everything asks which says so. Rules
that have only reported for too long are found here too, and those that can never decide anything."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

from cel_expr_python import cel

from mailgate.model import Access, Effect, Stage
from mailgate.model.phrase import code, day, joined, phrase, plural
from mailgate.policy.people import in_groups
from mailgate.policy.reasons import apps_ruled_out
from mailgate.policy.reliefs import Relief, relief_from
from mailgate.policy.rules import OnUnavailable, Policy, Rule
from mailgate.policy.stages import grace_end, in_share, softened
from mailgate.policy.variables import ENVIRONMENT, VARIABLES
from mailgate.policy.written import in_words


class RuleState(StrEnum):
    """What a rule does now to whoever meets its condition."""

    LETS_IN = "lets-in"
    WARNS = "warns"
    CHALLENGES = "challenges"
    BLOCKS = "blocks"
    WATCHES = "watches"
    """It only reports."""
    WAITS = "waits"
    """Its first stage has not begun."""
    OFF = "off"
    """It is for nobody: it halted, was turned off, or has a share of 0 %."""


class AppState(StrEnum):
    """What a listed app means for company mail now."""

    PROHIBITED = "prohibited"
    """A rule keeps devices out because of it."""
    LISTED = "listed"
    """It is looked for, and no rule keeps devices out because of it today."""


STATE_OF_EFFECT = {
    Effect.ALLOW: RuleState.LETS_IN,
    Effect.WARN: RuleState.WARNS,
    Effect.CHALLENGE: RuleState.CHALLENGES,
    Effect.BLOCK: RuleState.BLOCKS,
}
_BEFORE = {Stage.PENDING: RuleState.WAITS, Stage.REPORT_ONLY: RuleState.WATCHES}
_KEEPING_OUT = (RuleState.BLOCKS, RuleState.CHALLENGES)


def state_of(policy: Policy, rule: Rule, now: datetime) -> RuleState:
    """What a rule of this policy does now. A rule that is out for some people alone does it to all others."""
    off = any(each.takes_out(rule.id, rule.effect) for each in policy.reliefs.for_everybody(now))
    if off or rule.share == 0:
        return RuleState.OFF
    stage = rule.stage_at(now)
    return _BEFORE.get(stage) or STATE_OF_EFFECT[softened(rule.effect, stage)]


def keeps_out_now(policy: Policy, rule: Rule, now: datetime) -> bool:
    """Whether it keeps people from their mail today."""
    return state_of(policy, rule, now) in _KEEPING_OUT


def prohibited_apps(policy: Policy, now: datetime) -> frozenset[str]:
    """The keys of the apps because of which a rule keeps devices out now."""
    rules = [each for each in policy.rules if keeps_out_now(policy, each, now)]
    return frozenset[str]().union(*(apps_ruled_out(each.when, policy.catalog) for each in rules))


def enforcement_starts(policy: Policy, now: datetime) -> list[datetime]:
    """When further rules that keep people out will be enforced, in order."""
    starts = {each.stages.enforce for each in policy.rules if each.keeps_out and each.stages}
    return sorted(start for start in starts if start and start > now)


class AppStanding(NamedTuple):
    """What a listed app means for company mail."""

    state: AppState
    prohibited_from: datetime | None
    """When an app that is not prohibited will be, if nothing changes; None if it is already, or never will be."""


def app_standings(policy: Policy, now: datetime) -> dict[str, AppStanding]:
    """What each listed app means for company mail now, by its key."""
    prohibited = prohibited_apps(policy, now)
    first: dict[str, datetime] = {}
    for at in enforcement_starts(policy, now):
        for key in prohibited_apps(policy, at) - prohibited:
            first.setdefault(key, at)
    return {
        key: AppStanding(AppState.PROHIBITED if key in prohibited else AppState.LISTED, first.get(key))
        for key in policy.catalog.apps
    }


def stuck_in_report_only(policy: Policy, now: datetime, most: timedelta) -> dict[str, str]:
    """The rules that are report-only without an end, or have been for longer than ``most``, each with the reason in words."""
    return {rule.id: why for rule in policy.rules if (why := _why(rule, now, most))}


def _why(rule: Rule, now: datetime, most: timedelta) -> str:
    if rule.stages is None or rule.stages.at(now) is not Stage.REPORT_ONLY:
        return ""
    since, end = dict(rule.stages.starts())[Stage.REPORT_ONLY], rule.stages.next_start(now)
    if end is None:
        return phrase("has only watched since %(since)s, and no later stage ends that", since=day(since))
    told = phrase(
        "has only watched since %(since)s, which is longer than %(most)s; it ends %(until)s",
        since=day(since),
        most=in_words(most),
        until=day(end),
    )
    return told if now - since > most else ""


def effect_now(rule: Rule, stage: Stage, access: Access) -> Effect:
    """The effect of the rule on a request that it matches, by its stage and its grace."""
    return softened(rule.effect, Stage.WARN if device_grace_end(rule, access) else stage)


def is_skipped(rule: Rule, stage: Stage, access: Access) -> bool:
    """Whether the rule is not read for this request. It is read if it may be about the person, unless it allows."""
    return stage is Stage.PENDING or not (_may_be_in_share(rule, access) and _may_be_in_groups(rule, access))


def skip_reason(rule: Rule, stage: Stage, access: Access) -> str:
    """Why the rule is not read for this request; empty if it is read."""
    if stage is Stage.PENDING:
        start = rule.stages and rule.stages.next_start(access.now)
        return phrase("starts %(at)s", at=start and start.isoformat())
    if not _may_be_in_share(rule, access):
        return phrase("outside the share of %(share)s%%", share=f"{rule.share * 100:g}")
    if not _may_be_in_groups(rule, access):
        return phrase("not in %(groups)s", groups=", ".join(rule.groups))
    return ""


def _may_be_in_share(rule: Rule, access: Access) -> bool:
    included = in_share(rule.share, rule.id, share_subject(access))
    return rule.effect is not Effect.ALLOW if included is None else included


def _may_be_in_groups(rule: Rule, access: Access) -> bool:
    included = in_groups(rule.groups, access.user)
    return rule.effect is not Effect.ALLOW if included is None else included


def is_about(rule: Rule, access: Access) -> bool:
    """Whether the rule is surely about this person or device, by its share and its groups."""
    return bool(in_share(rule.share, rule.id, share_subject(access)) and in_groups(rule.groups, access.user))


def share_subject(access: Access) -> str:
    """The subject that a share counts: the person, or a known device if no person is named; empty if neither is known. An id that
    no device has could be made up to leave a share."""
    return access.user.name or access.posture.owner or access.posture.device_id


def device_grace_end(rule: Rule, access: Access) -> datetime | None:
    """When the device stops being new to the rule; None if it is not new."""
    return grace_end(rule.grace, access.posture.first_seen, access.now)


_MOST = 4096
"""The most combinations that are tried for one rule. Variables with the most values are left out beyond these."""

_MOST_BEFORE = 200
"""How many of the rules before a rule are tried, so that a policy of thousands of rules takes only seconds."""


def unreachable(policy: Policy, now: datetime) -> dict[str, str]:
    """The rules that can decide nobody as of ``now``, each with the reason: their condition cannot hold, or the rules before them match
    everybody.

    Every combination of values of the variables with a closed set is tried. All others are left out, and a part of a condition that
    depends on them may be true or false. So each rule that is found decides nothing, but not every such rule is found.
    """
    found, reliefs = {}, [each for each in policy.reliefs.every if each.holds(now)]
    before: list[Rule] = []
    for rule in policy.rules:
        why = _why_idle(rule, before)
        if why:
            found[rule.id] = why
        if len(before) < _MOST_BEFORE and _is_final(rule, now, reliefs):
            before.append(rule)
    return found


def _is_final(rule: Rule, now: datetime, reliefs: Sequence[Relief]) -> bool:
    """Whether no rule after this one is read once it matches, as one is for a person who is exempt from it."""
    if relief_from(reliefs, rule.id, rule.effect, offers=rule.self_service is not None):
        return False
    if rule.stage_at(now) in (Stage.PENDING, Stage.REPORT_ONLY) or rule.share < 1 or rule.groups:
        return False
    steps_aside = rule.on_unavailable is OnUnavailable.ALLOW and rule.effect is not Effect.ALLOW
    return not (steps_aside and any(name.startswith("device.") for name in rule.when.reads))


def _why_idle(rule: Rule, before: Sequence[Rule]) -> str:
    parts = _parts(rule.when.text)
    for other in before:
        if (needed := _parts(other.when.text)) and needed <= parts:
            return _taken([other.id])
    takers: set[str] = set()
    possible = False
    for activation in _combinations([rule, *before]):
        if rule.when.outcome(activation) is False:
            continue
        possible = True
        taker = next((each.id for each in before if each.when.outcome(activation)), None)
        if taker is None:
            return ""
        takers.add(taker)
    if not possible:
        return phrase("its condition can never hold")
    return _taken([each.id for each in before if each.id in takers])


def _taken(takers: Sequence[str]) -> str:
    return plural(
        "%(rules)s, read before it, takes everybody whom it is about",
        "%(rules)s, read before it, take everybody whom it is about",
        len(takers),
        rules=joined(map(code, takers)),
    )


def _combinations(rules: Sequence[Rule]) -> Iterator[cel.Activation]:
    values = _closed(rules)
    while prod(map(len, values.values())) > _MOST:
        del values[max(values, key=lambda name: len(values[name]))]
    for chosen in product(*([(name, value) for value in each] for name, each in values.items())):
        yield ENVIRONMENT.Activation(dict(chosen))


def _closed(rules: Sequence[Rule]) -> dict[str, tuple[object, ...]]:
    reads = sorted(frozenset[str]().union(*(rule.when.reads for rule in rules)))
    return {name: values for name in reads if (values := VARIABLES[name].values)}


_OPEN, _CLOSED = "([{", ")]}"

_PIECE = re.compile(
    r"(?P<comment>//[^\n]*)|(?P<odd>[rRbB]{1,2}[\"']|\"{3}|'{3})|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|\w+|&&|\|\||\S",
    re.DOTALL,
)
"""The words and signs of a condition. ``odd``: the beginning of a raw, byte or long string, whose end is found by other
rules."""


@lru_cache(maxsize=1024)
def _parts(text: str) -> frozenset[str]:
    """The parts that a condition joins by ``&&`` at its top; empty if it is of another form, or has an odd string."""
    depth, part, parts = 0, "", set()
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth += (piece in _OPEN) - (piece in _CLOSED)
        if match["odd"] or (depth == 0 and piece in ("||", "?")):
            return frozenset()
        if depth == 0 and piece == "&&":
            parts.add(part)
            part = ""
        elif not match["comment"]:
            part += f" {piece}"
    return frozenset({*parts, part})
