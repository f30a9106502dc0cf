"""Finds rules that only report for too long, since such a rule protects nobody."""

from datetime import datetime, timedelta

from mailgate.model import Stage
from mailgate.model.phrase import day, phrase
from mailgate.policy.durations import in_words
from mailgate.policy.rules import Policy, Rule


def stuck_in_report_only(policy: Policy, now: datetime, most: timedelta) -> dict[str, str]:
    """The rules that only report without an end, or for longer than ``most``, each with the reason in words."""
    return {rule.id: why for rule in policy.rules if (why := _why(rule, now, most))}


def _why(rule: Rule, now: datetime, most: timedelta) -> str:
    if rule.stages is None or rule.stages.at(now) is not Stage.REPORT_ONLY:
        return ""
    since, end = dict(rule.stages.starts())[Stage.REPORT_ONLY], rule.stages.next_start(now)
    if end is None:
        return phrase("only reports since %(since)s, and no later stage says until when", since=day(since))
    if now - since > most:
        return phrase(
            "only reports since %(since)s, which is longer than %(most)s; until %(until)s",
            since=day(since),
            most=in_words(most),
            until=day(end),
        )
    return ""
