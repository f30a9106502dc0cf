"""What binds a plan, and how it is kept."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from tests.unit.rollout.plans import NEWLY, hit, plan_of

from mailgate.rollout.plan import LABELS, Window, digest_of, dump, load, plain

PLAN = plan_of(newly=dict.fromkeys(LABELS, NEWLY) | {"block": hit(1, 1)})


def test_a_plan_is_read_as_it_was_kept() -> None:
    assert load(dump(PLAN)) == PLAN


def test_the_digest_does_not_bind_itself() -> None:
    renamed = PLAN.model_copy(update={"digest": "e" * 64})
    assert digest_of(load(dump(PLAN))) == digest_of(renamed) == digest_of(PLAN)


@pytest.mark.parametrize(
    "other",
    [
        {"window": Window(days=15, since=date(2026, 11, 17))},
        {"newly": plan_of().newly},
        {"made_at": PLAN.made_at + timedelta(seconds=1)},
    ],
    ids=["its days", "who is hit", "when it was made"],
)
def test_the_digest_binds_everything_else(other: dict[str, Any]) -> None:
    assert digest_of(PLAN.model_copy(update=other)) != digest_of(PLAN)


def test_the_digest_of_a_plan_is_that_of_its_json() -> None:
    """What was planned yesterday is known by the same digest tomorrow."""
    assert digest_of(PLAN) == "ccb735ba881847e57b84f8e33db77a180ed11768ad60368364a83441fe717c05"


@pytest.mark.parametrize("part", ["known", "kept_out", "undated", "later", "unreported"])
def test_a_plan_without_the_counts_of_the_guard_is_refused(part: str) -> None:
    told = json.loads(dump(PLAN))
    del told[part]
    with pytest.raises(ValueError, match="Field required"):
        load(json.dumps(told))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        json.dumps(plain(PLAN) | {"more": 1}),
        json.dumps(plain(PLAN) | {"newly": {"block": {"people": "1"}}}),
    ],
    ids=["nothing", "a list", "too little", "too much", "another type"],
)
def test_a_malformed_plan_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="Plan"):
        load(text)
