"""A part has its own time, without that of the parts within it; every part is found where it is called."""

from collections.abc import Iterator

import pytest
from benchmarks import request_parts
from benchmarks.request_parts import PARTS, Stopwatch


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever it is read."""
    ticks: Iterator[int] = iter(range(100))
    monkeypatch.setattr(request_parts, "perf_counter", lambda: float(next(ticks)))


@pytest.mark.usefixtures("ticking")
def test_the_time_of_a_part_within_is_not_counted_twice() -> None:
    watch = Stopwatch()
    inner = watch.timed("inner", lambda: "done")
    outer = watch.timed("outer", lambda: (inner(), inner()))
    assert outer() == ("done", "done")
    assert watch.spent == {"inner": 2.0, "outer": 3.0}


@pytest.mark.usefixtures("ticking")
def test_the_time_of_a_part_that_fails_is_counted() -> None:
    watch = Stopwatch()
    with pytest.raises(KeyError):
        watch.timed("part", {}.__getitem__)("absent")
    assert watch.spent == {"part": 1.0}


def test_every_part_is_there_and_is_itself_again_afterwards() -> None:
    before = [getattr(owner, name) for _, owner, name in PARTS]
    with Stopwatch().worn():
        assert not any(
            getattr(owner, name) is old for (_, owner, name), old in zip(PARTS, before, strict=True)
        )
    assert [getattr(owner, name) for _, owner, name in PARTS] == before
