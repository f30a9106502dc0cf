"""A mail is about a rule in force, and true on the day that it is sent."""

from datetime import timedelta

import pytest
from tests.unit.mail.examples import OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.mail.topic import Topic, topic_of
from mailgate.rollout.person import RefusedError
from mailgate.store import MailKind

DAY = timedelta(days=1)


def topic(stages: str, kind: MailKind, name: str = "app", effect: str = "block", more: str = "") -> Topic:
    staged = f", stages: {{{stages}}}" if stages else ""
    rule = f"{{id: app, when: client.handheld, effect: {effect}{staged}{more}}}"
    return topic_of(rules(policy(rule, OPEN)).policy, 3, name, kind, NOW)


REPORT, WARN, ENFORCE = "report_only: 2026-11-01", "warn: 2026-12-08", "enforce: 2026-12-15"
WARNS = "warn: 2026-11-24, enforce: 2026-12-15"


def test_an_upcoming_stage_is_told_with_its_days() -> None:
    found = topic(f"{REPORT}, {WARN}, {ENFORCE}", MailKind.UPCOMING)
    assert (found.warn_at, found.enforce_at) == (NOW + 6.5 * DAY, NOW + 13.5 * DAY)
    assert (found.at, found.until) == (found.enforce_at, found.warn_at)


def test_a_warning_rule_is_told_with_its_date_of_enforcement() -> None:
    coming, warned = topic(WARNS, MailKind.UPCOMING), topic(WARNS, MailKind.WARNED)
    assert (coming.warn_at, coming.enforce_at) == (None, warned.enforce_at)
    assert (warned.at, warned.until) == (NOW, NOW + 13.5 * DAY)


def test_a_rule_without_stages_counts() -> None:
    found = topic("", MailKind.ENFORCED)
    assert (found.at, found.until, found.enforce_at) == (NOW, None, None)


@pytest.mark.parametrize(
    ("stages", "kind", "more", "why"),
    [
        ("", MailKind.UPCOMING, {}, "it stays as it is .enforce."),
        (REPORT, MailKind.UPCOMING, {}, "it stays as it is .report_only."),
        (REPORT, MailKind.ENFORCED, {}, "runs as report_only now, not as enforce"),
        (WARNS, MailKind.ENFORCED, {}, "runs as warn now, not as enforce"),
        (ENFORCE, MailKind.WARNED, {}, "runs as pending now"),
        ("", MailKind.ENFORCED, {"name": "other"}, "not in the running version 3"),
        ("", MailKind.ENFORCED, {"effect": "allow"}, "gives mail"),
        ("", MailKind.ENFORCED, {"more": ", share: 0%"}, "share of 0%"),
        ("", MailKind.CORRECTION, {}, "written by a roll back alone"),
    ],
)
def test_a_notice_that_is_not_true_is_refused(
    stages: str, kind: MailKind, more: dict[str, str], why: str
) -> None:
    with pytest.raises(RefusedError, match=why):
        topic(stages, kind, **more)


def test_a_rule_that_reaches_nobody_is_not_told() -> None:
    shut = rules(policy(OPEN, "{id: app, when: client.handheld, effect: block}")).policy
    with pytest.raises(RefusedError, match=r"can never decide anything.*`open`"):
        topic_of(shut, 1, "app", MailKind.ENFORCED, NOW)
