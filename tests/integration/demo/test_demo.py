"""``mailgate demo`` as a process: the lines that its start page has are run word for word and get what they promise."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.demos import ENVIRONMENT, RunningDemo, running_demo
from tests.servers import require


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    require("curl", "grep", "bash")
    with running_demo(tmp_path, "--people", "0") as started:
        yield started


def test_every_line_of_the_tour_gets_what_it_promises(demo: RunningDemo) -> None:
    promises = demo.commands()
    assert len(promises) == 4
    for words, command in promises.items():
        assert demo.keeps(words, command, os.environ | ENVIRONMENT), words


def test_it_says_six_lines_at_most_and_ends_politely(demo: RunningDemo) -> None:
    assert len(demo.said.splitlines()) <= 6
    demo.process.terminate()
    assert demo.process.wait(20) == 0
