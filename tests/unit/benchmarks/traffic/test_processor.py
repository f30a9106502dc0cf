"""A process's time is told by the system; one that is gone has none."""

import os

from benchmarks.traffic.processor import seconds


def test_this_process_has_used_some_and_a_missing_one_none() -> None:
    assert seconds([os.getpid()]) > 0
    assert seconds([2**22 + 1]) == 0
