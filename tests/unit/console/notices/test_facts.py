"""What people may be told, and what became of it."""

from collections import Counter
from datetime import timedelta

import pytest
from tests.unit.mail.examples import APP, OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW
from tests.unit.store.mail import a_mail

from mailgate.console.notices.facts import (
    WORDS,
    RuleNotices,
    mail_facts,
    mails_by_notice,
    mails_of,
    rule_notices,
)
from mailgate.model.notice import Notice
from mailgate.store import MailCount, MailKind, MailState, NoticeKey


def staged(warn: timedelta, enforce: timedelta) -> str:
    stages = f"{{report_only: 2020-01-01, warn: {NOW + warn:%Y-%m-%d}, enforce: {NOW + enforce:%Y-%m-%d}}}"
    return f"{{id: staged, when: client.handheld, effect: block, stages: {stages}}}"


def test_a_rule_that_is_enforced_counts_now() -> None:
    (told,) = rule_notices(rules(policy(APP, OPEN)).policy, 2, NOW)
    assert told == RuleNotices(rule="app", title="No such apps", kinds=(MailKind.ENFORCED,), why_not="")


def test_a_warning_rule_may_be_told_in_two_ways() -> None:
    line = staged(timedelta(days=-3), timedelta(days=3))
    (told,) = rule_notices(rules(policy(line, OPEN)).policy, 2, NOW)
    assert told.kinds == (MailKind.UPCOMING, MailKind.WARNED)


def test_a_report_only_rule_has_no_notice_and_says_why() -> None:
    line = "{id: quiet, when: client.handheld, effect: block, stages: {report_only: 2020-01-01}}"
    (told,) = rule_notices(rules(policy(line, OPEN)).policy, 2, NOW)
    assert (told.kinds, "it stays as it is" in told.why_not) == ((), True)


def test_counts_of_one_mail_stand_together() -> None:
    one, other = NoticeKey(2, MailKind.ENFORCED, "a"), NoticeKey(1, MailKind.CORRECTION, "")
    counts = [
        MailCount("a", 2, MailKind.ENFORCED, MailState.SENT, 3),
        MailCount("a", 2, MailKind.ENFORCED, MailState.FAILED, 1),
        MailCount("", 1, MailKind.CORRECTION, MailState.SENT, 2),
    ]
    found = mails_by_notice(counts)
    assert [(each.about, each.total) for each in found] == [(one, 4), (other, 2)]
    assert mails_of(counts, one).states == Counter({MailState.SENT: 3, MailState.FAILED: 1})
    assert mails_of(counts, one).count("sent", "failed", "queued") == 4
    assert mails_of(counts, NoticeKey(9, MailKind.ENFORCED, "a")).total == 0


@pytest.mark.parametrize(
    ("state", "notice", "retried"),
    [
        (MailState.FAILED, Notice(MailKind.ENFORCED), True),
        (MailState.FAILED, None, False),
        (MailState.UNSURE, Notice(MailKind.ENFORCED), False),
    ],
)
def test_a_mail_may_be_retried_that_failed_and_has_its_notice(
    state: MailState, notice: Notice | None, retried: bool
) -> None:
    fact = mail_facts(a_mail(id="a1", state=state, notice=notice), None)
    assert (fact.may_be_retried, fact.message_id) == (retried, None)


def test_every_kind_has_its_words() -> None:
    assert set(WORDS) == set(MailKind)
