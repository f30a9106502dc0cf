"""A plan in words."""

from tests.unit.rollout.plans import PLAN, SAMPLE, hit, plan_of

from mailgate.rollout.plan import LABELS, IdleRules, Sample
from mailgate.simulate import DIMENSIONS
from mailgate.views.plans import (
    CSV_COLUMNS,
    IS,
    NEWLY,
    idle_rules,
    rows_of,
    sample_told,
    undated_told,
    who_told,
)


def test_every_label_has_its_words() -> None:
    assert set(NEWLY) == set(IS) == set(LABELS)


def test_one_who_moves_is_told_with_why() -> None:
    sample = Sample.model_validate(SAMPLE | {"person": "", "apps": ["TikTok"]})
    assert sample_told(sample) == (
        "nobody named: phone ios, d1, has TikTok: let in by open now, then kept out by app (prohibited-app)"
    )


def test_rules_that_do_nothing_are_told_with_why() -> None:
    rules = IdleRules(out_of_reach={"a": "b takes all"}, match_nobody=["c"], not_started=["d"])
    assert [each.partition(" ")[0] for each in idle_rules(rules)] == ["a", "c", "d"]


def test_rows_have_a_cell_for_every_column() -> None:
    by = {dimension: [{"value": "x", "people": 1, "devices": 2}] for dimension in DIMENSIONS}
    newly = {label: hit(1, 2, by=by) for label in LABELS}
    rows = list(rows_of(plan_of("undated", newly=newly, untouched={"people": 3, "devices": 4})))
    assert {len(row) for row in rows} == {len(CSV_COLUMNS)}
    assert len(rows) == len(LABELS) * (1 + len(DIMENSIONS)) + 1
    assert rows[-1] == ["untouched", "all", "", 3, 4]


QUIET = PLAN["undated"]
UNDATED = QUIET | {"people": 1200, "devices": 1, "rules": ["late"]}


def test_who_may_be_kept_out_when_nobody_can_tell_is_told_with_why() -> None:
    assert list(undated_told(plan_of("undated"))) == list(undated_told(plan_of())) == []
    told, why = undated_told(plan_of(undated=UNDATED))
    assert told.startswith("1,200 people with 1 device might newly be kept out")
    assert "late" in why
    sampled = QUIET["sampled"] | {"moments": 600}
    (words,) = undated_told(plan_of(undated=QUIET | {"sampled": sampled}))
    assert "600 sampled moments" in words
    assert "nobody moves at these" in words


def test_one_who_may_be_kept_out_is_told_with_what_decides_now() -> None:
    sample = Sample.model_validate(SAMPLE | {"system": ""})
    assert who_told(sample) == "ada: phone, d1: let in by open now"


def test_what_cannot_be_told_has_rows_of_its_own() -> None:
    rows = list(rows_of(plan_of(undated=UNDATED, kept_out={"people": 5, "devices": 6})))
    assert ["kept_out", "undated", "", 1200, 1] in rows
    assert ["kept_out", "all", "", 5, 6] in rows
