"""A plan in words."""

from typing import Any

from mailgate.rollout.plan import LABELS
from mailgate.simulate import DIMENSIONS
from mailgate.telling.plans import CSV_COLUMNS, IS, NEWLY, idle_rules, rows_of, sample_told


def test_every_label_has_its_words() -> None:
    assert set(NEWLY) == set(IS) == set(LABELS)


def test_one_who_moves_is_told_with_why() -> None:
    sample: dict[str, Any] = {
        "person": "", "kind": "phone", "system": "ios 26", "device": "abcd", "apps": ["TikTok"],
        "from": {"effect": "allow", "rule": "open"},
        "to": {"effect": "block", "rule": "banned", "reason": "prohibited-app"},
    }  # fmt: skip
    assert sample_told(sample) == (
        "nobody named: phone ios 26, abcd, has TikTok: let in by open now, then kept out by banned (prohibited-app)"
    )


def test_rules_that_do_nothing_are_told_with_why() -> None:
    rules = {"out_of_reach": {"a": "b takes all"}, "match_nobody": ["c"], "not_started": ["d"]}
    assert [each.partition(" ")[0] for each in idle_rules(rules)] == ["a", "c", "d"]


def test_rows_have_a_cell_for_every_column() -> None:
    by = {dimension: [{"value": "x", "people": 1, "devices": 2}] for dimension in DIMENSIONS}
    newly = {label: {"people": 1, "devices": 2, "by": by} for label in LABELS}
    rows = list(rows_of({"newly": newly, "untouched": {"people": 3, "devices": 4}}))
    assert {len(row) for row in rows} == {len(CSV_COLUMNS)}
    assert len(rows) == len(LABELS) * (1 + len(DIMENSIONS)) + 1
    assert rows[-1] == ["untouched", "all", "", 3, 4]
