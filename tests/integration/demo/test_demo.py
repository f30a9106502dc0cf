"""``mailgate demo`` as a process: the lines that its start page has are run word for word and get what they promise."""

import os
import subprocess
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
        answer = subprocess.run(
            ["bash", "-c", command],
            cwd=demo.directory,
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        reason = words.rpartition("refused, ")[2]
        expected = f'"reason": "{reason}"' if "refused" in words else "<title>Inbox"
        assert expected in answer, words


def test_it_says_six_lines_at_most_and_ends_politely(demo: RunningDemo) -> None:
    assert len(demo.said.splitlines()) <= 6
    demo.process.terminate()
    assert demo.process.wait(20) == 0
