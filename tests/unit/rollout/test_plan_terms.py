"""When the rules of a plan were in force, and what ended that."""

from datetime import timedelta

import pytest
from tests.unit.store.examples import NOW
from tests.unit.store.plans import PLAN

from mailgate.rollout.plan import TermEnd, term_of
from mailgate.store import Activation

THEIRS = PLAN.candidate.digest


def activation(serial: int, digest: str, number: int = 0) -> Activation:
    return Activation(
        serial, number or serial, digest, "p", "ada", f"note {serial}", NOW + timedelta(hours=serial)
    )


BASE = activation(PLAN.serial, "base")
APPLIED = activation(PLAN.serial + 1, THEIRS)
BACK = activation(PLAN.serial + 2, "base", BASE.number)


BEFORE = activation(PLAN.serial - 1, THEIRS)


@pytest.mark.parametrize(
    "history", [[], [BASE], [BASE, BEFORE]], ids=["nothing", "the base", "before the plan"]
)
def test_a_plan_that_was_never_started_has_no_term(history: list[Activation]) -> None:
    assert term_of(PLAN, history, ()) is None


def test_a_term_lasts_until_something_takes_its_place() -> None:
    term = term_of(PLAN, [APPLIED, BASE], ())
    assert term
    assert (term.version, term.since, term.by, term.ended) == (APPLIED.number, APPLIED.at, "ada", None)


@pytest.mark.parametrize(
    ("after", "retracting"),
    [(BACK, {BACK.serial}), (activation(BACK.serial, "other"), set())],
    ids=["taken back", "replaced"],
)
def test_the_version_that_replaces_a_plan_ends_its_term(after: Activation, retracting: set[int]) -> None:
    term = term_of(PLAN, [after, APPLIED, BASE], retracting)
    assert term
    assert term.ended == TermEnd(
        at=after.at, by="ada", note=after.note, version=after.number, rolled_back=bool(retracting)
    )


def test_the_last_of_several_counts() -> None:
    again = activation(BACK.serial + 1, THEIRS, APPLIED.number)
    term = term_of(PLAN, [again, BACK, APPLIED, BASE], {BACK.serial})
    assert term
    assert (term.since, term.ended) == (again.at, None)
