"""Everybody is measured once a round, and everybody is first once."""

from benchmarks.rounds import interleaved


def test_each_round_begins_with_another() -> None:
    order: list[str] = []
    measures = {"a": lambda turn: turn * 1.0, "b": lambda turn: turn * 10.0}
    samples = interleaved(3, measures, order.append)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [0.0, 1.0, 2.0], "b": [0.0, 10.0, 20.0]}
