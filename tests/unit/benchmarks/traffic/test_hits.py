"""Hit rates are those between two readings of the counters."""

from benchmarks.traffic.hits import counted, rates

BEFORE = """\
# TYPE mailgate_verdicts_hits_total counter
mailgate_verdicts_hits_total 10.0
mailgate_verdicts_misses_total 10.0
mailgate_requests_total{kind="laptop"} 7.0
"""
AFTER = """\
mailgate_verdicts_hits_total 109.0
mailgate_verdicts_misses_total 11.0
mailgate_shapes_hits_total{worker="0"} 1.0
mailgate_shapes_hits_total{worker="1"} 2.0
mailgate_shapes_misses_total{worker="0"} 1.0
"""


def test_what_was_there_before_does_not_count() -> None:
    assert rates(counted(BEFORE), counted(AFTER)) == {"verdicts": 0.99, "shapes": 0.75}


def test_a_cache_that_was_not_asked_has_no_rate() -> None:
    assert rates(counted(BEFORE), counted(BEFORE)) == {}
