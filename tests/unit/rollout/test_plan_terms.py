"""When the rules of a plan were in force, and what ended that."""

from datetime import timedelta

from tests.unit.store.examples import NOW
from tests.unit.store.test_plans import PLAN

from mailgate.rollout.plan_terms import TermEnd, term_of
from mailgate.store import Activation

THEIRS = PLAN.candidate.digest


def activation(serial: int, digest: str, number: int = 0) -> Activation:
    return Activation(
        serial, number or serial, digest, "p", "ada", f"note {serial}", NOW + timedelta(hours=serial)
    )


BASE = activation(PLAN.serial, "base")
APPLIED = activation(PLAN.serial + 1, THEIRS)
BACK = activation(PLAN.serial + 2, "base", BASE.number)


def test_there_is_none_before_it_was_in_force() -> None:
    assert term_of(PLAN, [BASE], ()) is None
    assert term_of(PLAN, [], ()) is None


def test_it_lasts_while_nothing_took_its_place() -> None:
    term = term_of(PLAN, [APPLIED, BASE], ())
    assert term
    assert (term.version, term.since, term.by, term.ended) == (APPLIED.number, APPLIED.at, "ada", None)


def test_what_took_its_place_ended_it() -> None:
    term = term_of(PLAN, [BACK, APPLIED, BASE], {BACK.serial})
    assert term
    assert term.ended == TermEnd(at=BACK.at, by="ada", note=BACK.note, version=BASE.number, retracted=True)
    other = activation(BACK.serial, "other")
    term = term_of(PLAN, [other, APPLIED, BASE], ())
    assert term
    assert term.ended
    assert (term.ended.retracted, term.ended.version) == (False, other.number)


def test_the_last_of_several_counts() -> None:
    again = activation(BACK.serial + 1, THEIRS, APPLIED.number)
    term = term_of(PLAN, [again, BACK, APPLIED, BASE], {BACK.serial})
    assert term
    assert (term.since, term.ended) == (again.at, None)


def test_what_was_in_force_before_the_plan_was_made_is_not_its_doing() -> None:
    before = activation(PLAN.serial - 1, THEIRS)
    assert term_of(PLAN, [BASE, before], ()) is None
