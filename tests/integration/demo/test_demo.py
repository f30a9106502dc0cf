"""``mailgate demo`` as a process: the lines that it prints are run word for word and get what they promise."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.servers import free_port, require, running

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {"PYTHONPATH": str(ROOT / "proxy")}
PROMISE = re.compile(r"# (?P<who>.+): (?P<outcome>.+)\n(?P<command>.+)\n")


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
    promises = list(PROMISE.finditer(demo.log.read_text()))
    assert len(promises) == 4
    for promise in promises:
        answer = subprocess.run(
            ["bash", "-c", promise["command"]],
            cwd=demo.directory,
            env=os.environ | ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        reason = promise["outcome"].rpartition("refused, ")[2]
        expected = f'"reason": "{reason}"' if "refused" in promise["outcome"] else "<title>Inbox"
        assert expected in answer, promise["who"]


def test_it_ends_politely(demo: Started) -> None:
    demo.process.terminate()
    assert demo.process.wait(20) == 0
