"""Percentiles are latencies that were measured, never something in between."""

import pytest
from benchmarks.latency import percentile, summary


@pytest.mark.parametrize(
    ("share", "found"), [(0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (1.0, 100.0), (0.0, 1.0), (0.001, 1.0)]
)
def test_percentile_of_a_hundred(share: float, found: float) -> None:
    assert percentile([float(value) for value in range(1, 101)], share) == found


def test_one_sample_is_every_percentile() -> None:
    assert percentile([7.0], 0.5) == percentile([7.0], 0.999) == 7.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no latencies"):
        percentile([], 0.5)


def test_the_order_of_samples_does_not_matter() -> None:
    assert summary([3.0, 1.0, 2.0]) == {"p50": 2.0, "p99": 3.0, "p999": 3.0, "most": 3.0, "count": 3}
