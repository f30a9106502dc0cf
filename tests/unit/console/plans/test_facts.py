"""A plan in words."""

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.policy.examples import NOW
from tests.unit.rollout.examples import rules
from tests.unit.rollout.plans import ADA, PLAN, hit, plan_of
from tests.unit.rollout.plans import NEWLY as COUNTS

from mailgate.config import Rules
from mailgate.console.plans.facts import (
    CSV_COLUMNS,
    EFFECT_STATES,
    NEWLY,
    PlanNotice,
    idle_rules,
    losers_in_words,
    more_of,
    mover_in_words,
    notes_of,
    plan_notices,
    regaining_in_words,
    rows_of,
    rules_hitting,
    title_of,
    undated_in_words,
    who_in_words,
)
from mailgate.model.phrase import translate
from mailgate.policy.simulate.impact import DIMENSIONS
from mailgate.rollout.plan import LABELS, IdleRules, Plan, dump, load
from mailgate.store import MailKind
from mailgate.texts import console_languages


def test_every_label_has_its_words() -> None:
    assert set(NEWLY) == set(EFFECT_STATES) == set(LABELS)


def test_one_who_moves_is_told_with_why() -> None:
    assert mover_in_words(ADA._replace(person="", apps=("TikTok",))) == (
        "nobody named: phone ios, d1, has TikTok: with mail by open now, then without mail by app (prohibited-app)"
    )


def test_rules_that_do_nothing_are_told_with_why() -> None:
    rules = IdleRules(out_of_reach={"a": "b takes all"}, match_nobody=["c"], not_started=["d"])
    assert [each.partition(" ")[0] for each in idle_rules(rules)] == ["“a”", "“c”", "“d”"]


@pytest.mark.parametrize("kept", [False, True])
def test_a_rule_that_is_out_is_told_with_why_in_any_language(kept: bool) -> None:
    off = {"cause": "halt", "since": "2026-11-24T00:00:00+00:00", "until": None, "why": "too many"}
    exempt = {"people": 0, "devices": 0}
    plan = plan_of(reliefs={"serial": 1, "exempt": exempt, "off": {"pilot": off}})
    (note,) = (each for each in notes_of(load(dump(plan)) if kept else plan) if "pilot" in each)
    assert (
        note
        == "“pilot” is off by itself, since 2026-11-24 00:00 UTC: too many. It refuses nobody in these counts."
    )
    assert "von selbst aus, seit Di., 24. Nov. 2026, 00:00 Uhr UTC: too many" in translate(
        note, console_languages()["de"]
    )


def test_rows_have_a_cell_for_every_column() -> None:
    by = {dimension: [{"value": "x", "people": 1, "devices": 2}] for dimension in DIMENSIONS}
    newly = {label: hit(1, 2, by=by) for label in LABELS}
    rows = list(rows_of(plan_of(newly=newly, untouched={"people": 3, "devices": 4})))
    assert {len(row) for row in rows} == {len(CSV_COLUMNS)}
    assert len(rows) == len(LABELS) * (1 + len(DIMENSIONS)) + 3
    assert rows[-1] == ["untouched", "all", "", 3, 4]


def test_clients_of_which_no_device_is_known_are_not_called_devices() -> None:
    assert not any("other client" in each for each in notes_of(plan_of()))
    totals = PLAN["totals"] | {"clients": 303}
    told = "303 other clients have no known device. They are counted beside the devices."
    assert told in notes_of(plan_of(totals=totals))


def test_who_may_let_themselves_in_is_told_with_how_many_lose_mail_now() -> None:
    offer = {"rule": "app", "hours": 24, "once_per_hours": 720, "devices": 0}
    told = [next(notes_of(plan_of(let_ins=[offer | {"people": people}]))) for people in (6, 0)]
    assert told == [
        "6 people lose mail by “app” now and can let themselves in: for 1 day, once in 30 days.",
        "Whoever loses mail only by “app” can let themselves in: for 1 day, once in 30 days.",
    ]


QUIET = PLAN["undated"]
UNDATED = QUIET | {"people": 1200, "devices": 1, "rules": ["late"]}


def test_people_who_may_be_refused_at_an_unknown_moment_are_told_with_why() -> None:
    assert list(undated_in_words(plan_of())) == []
    told, why = undated_in_words(plan_of(undated=UNDATED))
    assert told.startswith("1,200 people with 1 device might lose mail")
    assert "late" in why


def test_a_rule_on_a_version_says_how_many_it_refuses_today() -> None:
    named = {"old-browser": "block"}
    (words,) = undated_in_words(plan_of(reads_versions=named))
    assert words.startswith(
        "“old-browser” depends on a version, so updates of browsers and systems change who loses mail."
    )
    assert words.endswith("Today these lose mail, or might: 0 people with 0 devices.")
    row = {"value": "old-browser", "people": 3, "devices": 4}
    newly = plan_of().model_dump(mode="json")["newly"]
    newly["block"]["by"]["rule"] = [row, row | {"value": "app"}]
    newly["unknown"]["by"]["rule"] = [row | {"people": 2}]
    (words,) = undated_in_words(plan_of(reads_versions=named, newly=newly))
    assert words.endswith("Today these lose mail, or might: at most 5 people with 8 devices.")


@pytest.mark.parametrize("effect", ["allow", "warn"])
def test_a_rule_that_refuses_nobody_has_no_number(effect: str) -> None:
    """Whom a rule that allows no longer lets in, other rules keep out."""
    (words,) = undated_in_words(plan_of(reads_versions={"new-browser": effect}))
    assert words.startswith(
        "“new-browser” depends on a version, so updates of browsers and systems change whom it is about."
    )
    assert words.endswith("The rules after it decide about everybody else.")


def test_people_who_may_be_refused_are_told_with_todays_rule() -> None:
    assert who_in_words(ADA._replace(system="")) == "ada: phone, d1: with mail by open now"


def test_outcomes_that_cannot_be_told_have_their_own_rows() -> None:
    rows = list(rows_of(plan_of(undated=UNDATED, kept_out={"people": 5, "devices": 6})))
    assert ["kept_out", "undated", "", 1200, 1] in rows
    assert ["kept_out", "all", "", 5, 6] in rows


JOINS = {"words": "WeChat joins the prohibited list"}
STARTS = {"words": "“phones” starts on", "at": "2026-12-03T08:00:00+00:00"}


def test_the_first_change_is_the_title_and_others_are_counted() -> None:
    assert title_of(plan_of(headlines=[JOINS])) == "WeChat joins the prohibited list"
    assert title_of(plan_of(headlines=[STARTS])) == "“phones” starts on 3 December 2026"
    assert more_of(plan_of(headlines=[STARTS, JOINS, JOINS])) == "and 2 more"


def test_a_plan_of_nothing_has_a_title_too() -> None:
    assert title_of(plan_of()) == "No rule changes"


BY = {
    "rule": [{"value": "phones", "people": 1, "devices": 2}, {"value": "default", "people": 9, "devices": 9}]
}
HIT = dict.fromkeys(LABELS, COUNTS) | {"block": hit(1, 2, by=COUNTS["by"] | BY)}
STAGES = {"enforce": (NOW + timedelta(days=3)).isoformat()}


def blocking(**rule: Any) -> Rules:
    return rules(json.dumps({"rules": [{"id": "phones", "when": "true", "effect": "block"} | rule]}))


def planned(candidate: Rules, **said: Any) -> Plan:
    named = {"policy": candidate.policy.version, "digest": candidate.digest}
    return plan_of(candidate=named, **said)


def told(plan: Plan, in_force: Rules) -> PlanNotice:
    (telling,) = plan_notices(plan, in_force, 4, NOW)
    return telling


def test_rules_that_hit_anybody_are_those_that_one_could_tell_of() -> None:
    assert rules_hitting(plan_of(newly=HIT)) == ["phones"]
    assert rules_hitting(plan_of()) == []


def test_the_running_notice_is_not_for_people_whom_a_plan_adds() -> None:
    telling = told(planned(blocking(share="60%"), newly=HIT), blocking(share="40%"))
    assert (telling.kind, telling.dated, telling.new) == (None, False, False)


def test_the_running_notice_does_not_tell_the_date_of_a_plan() -> None:
    later = [{"at": (NOW + timedelta(days=1)).isoformat(), "newly": HIT}]
    telling = told(planned(blocking(), later=later), blocking(stages=STAGES))
    assert (telling.kind, telling.dated, telling.new) == (None, True, False)


def test_a_rule_that_is_not_in_force_has_no_notice_yet() -> None:
    telling = told(planned(blocking(), newly=HIT), rules())
    assert (telling.kind, telling.dated, telling.new) == (None, False, True)


def test_after_the_start_the_notice_is_for_people_of_the_plan() -> None:
    candidate = blocking(stages=STAGES)
    telling = told(planned(candidate, newly=HIT), candidate)
    assert (telling.kind, telling.version, telling.why_not) == (MailKind.UPCOMING, 4, "")


def test_whoever_gets_mail_again_is_told() -> None:
    assert regaining_in_words(plan_of(regaining=3)) == "3 people get mail again at once"
    assert regaining_in_words(plan_of()) == ""


def test_devices_of_nobody_are_told_as_devices() -> None:
    assert losers_in_words(plan_of(kept_out={"people": 0, "devices": 2})) == "2 devices"
    assert losers_in_words(plan_of(kept_out={"people": 1, "devices": 2})) == "1 person"
    assert losers_in_words(plan_of()) == "0 people"
    perhaps = {"undated": {"people": 5, "devices": 5, "rules": []}, "kept_out": {"people": 5, "devices": 5}}
    assert losers_in_words(plan_of(**perhaps)) == "up to 5 people"
    undated = plan_of(undated={"people": 0, "devices": 1, "rules": []})
    assert next(undated_in_words(undated)).startswith("1 device might lose mail at a time we cannot tell")


def test_a_rule_on_a_version_counts_nobody_twice_as_an_exact_number() -> None:
    row = [{"value": "old-browser", "people": 2, "devices": 2}]
    both = dict.fromkeys(LABELS, COUNTS) | {
        label: hit(2, 2, by=COUNTS["by"] | {"rule": row}) for label in ("block", "unknown")
    }
    (words,) = undated_in_words(plan_of(newly=both, reads_versions={"old-browser": "block"}))
    assert words.endswith("Today these lose mail, or might: at most 4 people with 4 devices.")
