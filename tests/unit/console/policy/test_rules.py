"""Rules in plain words."""

from datetime import UTC, datetime, timedelta

import pytest

from mailgate.console.policy.rules import DOES, FIX_WORDS, TODAY, RuleInWords, rules_in_words, span
from mailgate.model import Effect, Stage
from mailgate.policy import AppCatalog, Policy
from mailgate.policy.reliefs import NO_RELIEFS, Cause, Relief, Reliefs
from mailgate.policy.rules import FIXES, OnUnavailable, PolicyFile, policy_context

STAGES = {"report_only": "2026-12-01", "warn": "2026-12-08", "enforce": "2026-12-15"}


def told(now: datetime, reliefs: Reliefs = NO_RELIEFS, **rule: object) -> list[RuleInWords]:
    known = {"id": "phones", "when": "client.handheld", "effect": "block"} | rule
    file = PolicyFile.model_validate({"rules": (known,)}, context=policy_context(AppCatalog()))
    return rules_in_words(Policy(file.rules, file.default, reliefs=reliefs), now)


def test_every_effect_and_stage_has_its_words() -> None:
    assert set(DOES) == set(Effect)
    assert set(TODAY) == set(Stage)
    assert set(FIX_WORDS) == set(FIXES)


def test_a_rule_says_what_it_does_and_what_its_condition_reads() -> None:
    rule, last = told(datetime(2026, 12, 1, tzinfo=UTC), title="No phones")
    assert (rule.title, rule.does, rule.condition) == ("No phones", "blocks", "client.handheld")
    assert rule.reads == {"client.handheld": "A phone, a tablet, a mobile mail app or a watch"}
    assert rule.today == "applies"
    assert (last.id, last.effect, last.condition) == ("default", "block", "")


@pytest.mark.parametrize(
    ("day", "runs", "today"),
    [
        ("2026-11-30", [False, False, False], "does nothing yet"),
        ("2026-12-01", [True, False, False], "only watches"),
        ("2026-12-10", [False, True, False], "warns"),
        ("2027-01-01", [False, False, True], "applies"),
    ],
)
def test_the_stages_of_a_rule_are_in_order_and_one_runs(day: str, runs: list[bool], today: str) -> None:
    rule, _ = told(datetime.fromisoformat(day).replace(tzinfo=UTC), stages=STAGES)
    assert [start.stage for start in rule.starts] == ["report_only", "warn", "enforce"]
    assert ([start.runs for start in rule.starts], rule.today) == (runs, today)


@pytest.mark.parametrize(
    ("share", "words"),
    [("100%", ""), ("25%", "25% of people"), ("0.5%", "0.5% of people"), ("0%", "0% of people")],
)
def test_a_share_is_told_where_there_is_one(share: str, words: str) -> None:
    rule, _ = told(datetime(2026, 12, 1, tzinfo=UTC), share=share)
    assert any(words in each for each in rule.more) if words else rule.more == ()


@pytest.mark.parametrize("on_unavailable", OnUnavailable)
def test_the_effect_during_an_outage_of_sources_is_told(on_unavailable: OnUnavailable) -> None:
    rule, _ = told(
        datetime(2026, 12, 1, tzinfo=UTC), when='device.state == "clean"', on_unavailable=on_unavailable.value
    )
    assert any("If a source is down" in each for each in rule.more)


def test_a_rule_that_is_out_says_so_whatever_its_stage() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    off = Relief(1, Cause.HALT, "phones", "31% kept out", "gate", now)
    rule, _ = told(now, reliefs=Reliefs(1, (off,)))
    assert rule.today == "is off by itself, since 2026-12-01 00:00 UTC: 31% kept out"


def test_groups_grace_and_when_a_rule_halts_are_told() -> None:
    halts = {"block_rate": "5%", "help_requests": 3}
    rule, _ = told(datetime(2026, 12, 1, tzinfo=UTC), groups=("sales", "staff"), grace="3d", halt_when=halts)
    assert rule.more == (
        "It applies only to people in sales or staff.",
        "A new device is only warned for 3 days.",
        "It stops by itself if it refuses more than 5% of people or 3 people ask for help within 1 hour.",
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(86400, "1 day"), (90000, "25 hours"), (5400, "90 minutes"), (61, "61 seconds"), (0.5, "0.5 seconds")],
)
def test_a_time_is_said_in_the_largest_unit_that_leaves_nothing_over(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def test_the_words_that_people_read_are_told() -> None:
    notice = {"fix": "remove-app", "contact": "it-help@example.com"}
    rule, _ = told(datetime(2026, 12, 1, tzinfo=UTC), notice=notice, reason="kind-refused")
    assert " ".join(rule.more) == (
        "People read: Company mail does not open on this kind of device. People are told what to do: to remove the app, step by step. "
        "People are told to ask it-help@example.com."
    )


def test_a_rule_says_that_people_may_let_themselves_in() -> None:
    rule, _ = told(datetime(2026, 12, 1, tzinfo=UTC), self_service={"hours": 4})
    words = "Whoever loses mail only by this rule can let themselves in: for 4 hours, once in 30 days."
    assert words in rule.more
