"""A quick run measures all that a full one does, only less of it."""

from dataclasses import asdict

from benchmarks.plan import FULL, QUICK


def test_a_quick_run_leaves_nothing_out() -> None:
    assert all(value >= 1 for value in asdict(QUICK).values())


def test_a_quick_run_holds_as_much_and_measures_less() -> None:
    assert (QUICK.rate, QUICK.idle) == (FULL.rate, FULL.idle)
    assert QUICK.rounds < FULL.rounds
    assert QUICK.transfers < FULL.transfers
    assert QUICK.rate_rounds * QUICK.rate_seconds < FULL.rate_rounds * FULL.rate_seconds
