"""Rules that only report for too long are named."""

from datetime import timedelta

from tests.unit.policy.examples import NOW, policy_of

from mailgate.policy.report_only import stuck_in_report_only


def named(**stages: str) -> dict[str, str]:
    return stuck_in_report_only(policy_of({"stages": stages}), NOW, timedelta(days=5))


def test_a_rehearsal_without_an_end_is_named_from_its_first_day() -> None:
    assert named(report_only="2026-12-10") == {
        "rule-0": "has been report-only since 10 December 2026, and no later stage ends that"
    }


def test_a_rehearsal_that_takes_too_long_is_named_although_it_ends() -> None:
    assert named(report_only="2026-12-04", enforce="2026-12-20") == {
        "rule-0": "has been report-only since 4 December 2026, which is longer than 5d; it ends on 20 December 2026"
    }


def test_a_rehearsal_within_its_time_is_not_named() -> None:
    assert not named(report_only="2026-12-05", warn="2026-12-20")


def test_a_rule_before_or_after_its_rehearsal_or_without_one_is_not_named() -> None:
    assert not named(report_only="2026-12-11")
    assert not named(report_only="2026-11-01", warn="2026-12-09")
    assert not stuck_in_report_only(policy_of({}), NOW, timedelta())
