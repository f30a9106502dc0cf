"""What each rule does now, and so which apps are prohibited: the one place that everything asks which says so. Rules that have
only reported for too long are found by the same states."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from mailgate.model import Effect, Stage
from mailgate.model.phrase import day, phrase
from mailgate.policy.durations import in_words
from mailgate.policy.reasons import apps_ruled_out
from mailgate.policy.rules import Policy, Rule
from mailgate.policy.stages import softened


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
        return phrase("has been report-only since %(since)s, and no later stage ends that", since=day(since))
    told = phrase(
        "has been report-only since %(since)s, which is longer than %(most)s; it ends on %(until)s",
        since=day(since),
        most=in_words(most),
        until=day(end),
    )
    return told if now - since > most else ""
