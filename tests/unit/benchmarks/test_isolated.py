"""Figures that measure themselves are told apart into ratios and the rest."""

from benchmarks.isolated import split_ratios


def test_ratios_are_told_apart() -> None:
    found = split_ratios({"million_vs_thousand_p99": 1.1, "simulate_million_s": 50.0})
    assert found.ratios == {"million_vs_thousand_p99": 1.1}
    assert found.absolute == {"simulate_million_s": 50.0}
