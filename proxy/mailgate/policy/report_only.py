"""Finds rules that have been report-only for too long, since such a rule protects nobody."""

from datetime import datetime, timedelta

from mailgate.model import Stage
from mailgate.model.phrase import day, phrase
from mailgate.policy.durations import in_words
from mailgate.policy.rules import Policy, Rule


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
