"""What binds a plan, and how it is kept."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.unit.rollout.plans import NEWLY, hit, moved, plan_of

from mailgate.model.phrase import phrase
from mailgate.policy.changes import Change
from mailgate.rollout.plan import (
    LABELS,
    Window,
    digest_of,
    digest_of_kept,
    dump,
    is_whole,
    load,
    plain,
)

PLAN = plan_of(newly=dict.fromkeys(LABELS, NEWLY) | {"block": hit(1, 1)})
ROWS = {dimension: [{"value": "v", "people": 1, "devices": 1}] for dimension in NEWLY["by"]}
NEWLY_IN_FULL = {label: NEWLY | {"by": ROWS} for label in LABELS}
FULL = plan_of(
    newly=NEWLY_IN_FULL,
    moved=moved(1),
    later=[{"at": "2026-12-15T09:00:00+00:00", "newly": NEWLY_IN_FULL, "moved": moved(1)}],
    held_back={"rules": ["a"], "newly": NEWLY_IN_FULL, "moved": moved(1)},
    company=ROWS,
    headlines=[{"words": "Apps join", "at": "2026-12-15T09:00:00+00:00"}],
    changes=[Change("+", "rule a", phrase("has to hold now"))],
    cases={"run": 1, "failed": [{"name": "a case", "wrong": {"effect": ["allow", "block"]}}]},
    moves=[{"from": "allow", "to": "block", "people": 1, "devices": 1}],
    let_ins=[{"rule": "a", "hours": 1, "once_per_hours": 1, "people": 1, "devices": 1}],
    reliefs={
        "serial": 1,
        "exempt": {"people": 1, "devices": 1},
        "off": {
            "a": {"cause": "halt", "since": "2026-12-01T00:00:00+00:00", "until": None, "why": "too many"}
        },
    },
    nobodys=0,
)
"""A plan with every kind of part."""
NAMED_BY_VALUES = {*LABELS, *NEWLY["by"], "a", "effect", "kind"}


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
    assert digest_of(PLAN) == "15dc3ee5f7fa2158e35d7bd7643e45a9aafed653a016fa32fdae8c0d058e692a"


@pytest.mark.parametrize("part", ["known", "kept_out", "undated", "later", "unreported", "moved", "nobodys"])
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
        json.dumps(plain(PLAN) | {"newly": {"block": {"people": "1"}}}),
    ],
    ids=["nothing", "a list", "too little", "another type"],
)
def test_a_malformed_plan_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="Plan"):
        load(text)


def test_a_plan_nested_too_deeply_is_not_read() -> None:
    with pytest.raises(ValueError, match="Plan"):
        load('{"digest": ' + "[" * 100_000)


def objects_in(told: object) -> Iterator[dict[str, Any]]:
    """Every object that has fields of its own: in all others the names are values."""
    if isinstance(told, dict):
        if told and not told.keys() & NAMED_BY_VALUES:
            yield told
        for each in told.values():
            yield from objects_in(each)
    elif isinstance(told, list):
        for each in told:
            yield from objects_in(each)


def test_a_plan_of_a_newer_mailgate_is_read_as_far_as_it_is_known() -> None:
    """Its digest binds what only that one knows, too."""
    told = json.loads(dump(FULL))
    found = list(objects_in(told))
    assert len(found) > 25
    for each in found:
        each["added"] = {"by": ["a newer version"]}
        newer = json.dumps(told)
        assert load(newer) == FULL, each
        assert is_whole(newer) is ("text" in each), "words are only said"
        assert digest_of_kept(newer) != digest_of(FULL)
        del each["added"]
    assert is_whole(json.dumps(told))
    assert digest_of_kept(json.dumps(told)) == digest_of(FULL)


def test_of_a_name_that_is_there_twice_the_bound_value_is_read() -> None:
    twice = dump(PLAN).replace('"kept_out": ', '"kept_out": {"people": 9, "devices": 9}, "kept_out": ')
    assert digest_of_kept(twice) == digest_of(PLAN)
    assert load(twice) == PLAN
