"""Growth is that of the line through all points, so that a single peak says little."""

import pytest
from benchmarks.slope import after, growth, slope, thinned


def test_the_slope_of_a_line_is_its_own() -> None:
    assert slope([(0.0, 5.0), (1.0, 7.0), (4.0, 13.0)]) == pytest.approx(2.0)


def test_growth_is_over_the_whole_time() -> None:
    assert growth([(2.0, 10.0), (4.0, 9.0), (6.0, 8.0)]) == pytest.approx(-2.0)


def test_a_peak_in_the_middle_is_no_growth() -> None:
    assert growth([(0.0, 1.0), (1.0, 100.0), (2.0, 1.0)]) == pytest.approx(0.0)


@pytest.mark.parametrize("points", [[], [(1.0, 2.0)], [(1.0, 2.0), (1.0, 3.0)]])
def test_one_instant_has_no_slope(points: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="one instant"):
        slope(points)


def test_the_warm_up_is_left_out() -> None:
    assert after([(0.0, 1.0), (4.0, 2.0), (5.0, 3.0)], 4.0) == [(4.0, 2.0), (5.0, 3.0)]


def test_some_points_are_kept_with_both_ends() -> None:
    points = [(float(number), 0.0) for number in range(101)]
    assert thinned(points, 3) == [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0)]
    assert thinned(points, 101) == points
    assert thinned(points[:2], 3) == points[:2]
