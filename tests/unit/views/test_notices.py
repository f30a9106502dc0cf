"""What people may be told, and what became of it."""

from collections import Counter
from datetime import timedelta

from tests.unit.mail.announced import APP, OPEN, policy
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.store import About, MailCount, MailKind, MailState
from mailgate.views.notices import KINDS, WORDS, Tellable, of, sent, tellable


def staged(warn: timedelta, enforce: timedelta) -> str:
    stages = f"{{report_only: 2020-01-01, warn: {NOW + warn:%Y-%m-%d}, enforce: {NOW + enforce:%Y-%m-%d}}}"
    return f"{{id: staged, when: client.handheld, effect: block, stages: {stages}}}"


def test_a_rule_that_is_enforced_counts_now() -> None:
    (told,) = tellable(rules(policy(APP, OPEN)).policy, 2, NOW)
    assert told == Tellable("app", "No such apps", (MailKind.ENFORCED,), "")


def test_a_rule_that_warns_and_will_be_enforced_may_be_told_in_two_ways() -> None:
    line = staged(timedelta(days=-3), timedelta(days=3))
    (told,) = tellable(rules(policy(line, OPEN)).policy, 2, NOW)
    assert told.kinds == (MailKind.UPCOMING, MailKind.WARNED)


def test_of_a_rule_that_only_reports_nothing_is_said_and_why() -> None:
    line = "{id: quiet, when: client.handheld, effect: block, stages: {report_only: 2020-01-01}}"
    (told,) = tellable(rules(policy(line, OPEN)).policy, 2, NOW)
    assert (told.kinds, "runs as report_only" in told.why_not) == ((), True)


def test_counts_of_one_mail_stand_together() -> None:
    one, other = About(2, MailKind.ENFORCED, "a"), About(1, MailKind.CORRECTION, "")
    counts = [
        MailCount("a", 2, MailKind.ENFORCED, MailState.SENT, 3),
        MailCount("a", 2, MailKind.ENFORCED, MailState.FAILED, 1),
        MailCount("", 1, MailKind.CORRECTION, MailState.SENT, 2),
    ]
    found = sent(counts)
    assert [(each.about, each.total) for each in found] == [(one, 4), (other, 2)]
    assert of(counts, one).states == Counter({MailState.SENT: 3, MailState.FAILED: 1})
    assert of(counts, About(9, MailKind.ENFORCED, "a")).total == 0


def test_every_kind_has_its_words() -> None:
    assert set(WORDS) == {*KINDS, MailKind.CORRECTION, MailKind.REPLY}
