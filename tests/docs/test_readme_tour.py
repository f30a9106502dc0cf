"""The tour of the README, word for word: its commands are run at a demo and print what stands under them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.demos import running_demo
from tests.docs.reading import ROOT, runs
from tests.servers import PATIENCE, require_or_skip

from mailgate.demo.tour import DemoAddresses, steps

TOUR = runs((ROOT / "README.md").read_text("utf-8"))
REFERENCE = re.compile(r'"reference": "[A-Z2-7]{10}"')


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """A directory as a clone is after ``make setup``, and the port of the demo that runs in it."""
    require_or_skip("curl", "grep", "bash")
    directory = tmp_path_factory.mktemp("clone")
    program = directory / ".venv" / "bin" / "mailgate"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}/proxy" exec "{sys.executable}" -m mailgate "$@"\n')
    program.chmod(0o755)
    with running_demo(directory, "--people", "20", program=[program]) as demo:
        yield directory, demo.port


def test_every_command_prints_what_stands_under_it(place: tuple[Path, int]) -> None:
    directory, port = place
    for run in TOUR:
        command = run.command.replace("localhost:8080", f"localhost:{port}")
        printed = subprocess.run(
            ["bash", "-c", command],
            cwd=directory,
            env=os.environ | {"PYTHONWARNINGS": "default"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert REFERENCE.sub("", printed.stdout) == REFERENCE.sub("", run.prints), (
            run.command,
            printed.stderr,
        )


def test_the_tour_is_the_one_that_the_demo_shows() -> None:
    shown = steps(DemoAddresses("http://localhost:8080/", "", ".venv/bin/mailgate", ""))
    assert [run.command for run in TOUR][: len(shown)] == [step.command for step in shown]
