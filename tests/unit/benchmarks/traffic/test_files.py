"""What the upstream serves differs in length, and is as long on the average as it should be."""

from statistics import mean

from benchmarks.traffic.files import PAGE, length
from benchmarks.traffic.mixes import FILES


def test_no_two_are_of_one_length() -> None:
    lengths = [length(PAGE, number) for number in range(FILES)]
    assert len(set(lengths)) == FILES
    assert abs(mean(lengths) - PAGE) < PAGE / 100
