"""``mailgate demo`` as a process: the lines that it prints are run word for word and get what they promise."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.touring import promises_of
from tests.servers import free_port, require, running

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "proxy")}


@dataclass(frozen=True)
class Started:
    directory: Path
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Started]:
    require("curl", "grep", "bash")
    log = tmp_path / "demo.log"
    command = [
        sys.executable,
        "-m",
        "mailgate",
        "demo",
        "--rules",
        ROOT / "config",
        "--port",
        str(free_port()),
    ]
    with running(
        command,
        ready=lambda: "Ctrl-C ends" in log.read_text(),
        log=log,
        environment=ENVIRONMENT,
        directory=tmp_path,
    ) as process:
        yield Started(tmp_path, log, process)


def test_every_line_of_the_tour_gets_what_it_promises(demo: Started) -> None:
    promises = promises_of(demo.log)
    assert len(promises) == 4
    for promise in promises:
        assert promise.kept(demo.directory, os.environ | ENVIRONMENT), promise.who


def test_it_ends_politely(demo: Started) -> None:
    demo.process.terminate()
    assert demo.process.wait(20) == 0
