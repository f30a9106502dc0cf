"""``mailgate demo`` as a process: the lines that its start page has are run word for word and get what they promise."""

import os
import pty
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.demos import ENVIRONMENT, MAILGATE, ROOT, RunningDemo, running_demo
from tests.servers import PATIENCE, free_port, require_or_skip


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    require_or_skip("curl", "grep", "bash")
    with running_demo(tmp_path, "--people", "0") as started:
        yield started


def test_every_line_of_the_tour_gets_what_it_promises(demo: RunningDemo) -> None:
    promises = demo.commands()
    assert len(promises) == 4
    for words, command in promises.items():
        assert demo.keeps(words, command, os.environ | ENVIRONMENT), words


def test_the_demo_says_what_to_open_and_ends_politely(demo: RunningDemo) -> None:
    assert demo.start in demo.said
    demo.process.terminate()
    assert demo.process.wait(PATIENCE) == 0


def test_on_a_terminal_the_lines_come_last_and_the_cursor_is_back(tmp_path: Path) -> None:
    ports = [
        word for option in ("--port", "--admin-port", "--start-port") for word in (option, str(free_port()))
    ]
    shutil.copytree(ROOT / "config", tmp_path / "config")
    here, there = pty.openpty()
    process = subprocess.Popen(
        [*MAILGATE, "demo", "--people", "0", *ports],
        cwd=tmp_path, env=os.environ | ENVIRONMENT | {"TERM": "xterm"}, stdin=there, stdout=there, stderr=there,
    )  # fmt: skip
    os.close(there)
    shown = b""
    try:
        while b"Ctrl-C ends" not in shown:
            shown += os.read(here, 65536)
        process.terminate()
        assert process.wait(PATIENCE) == 0
        while more := _left(here):
            shown += more
    finally:
        process.kill()
        process.wait()
        os.close(here)
    lines = shown.decode().split("\x1b[2K")[-1].splitlines()
    assert lines[0].startswith("Mailgate runs.")
    assert lines[-1] == "Ctrl-C ends the demo.", "nothing is drawn below the lines"
    assert shown.rindex(b"\x1b[?25h") > shown.rindex(b"\x1b[?25l")


def _left(terminal: int) -> bytes:
    """What nobody has read yet; a terminal that nobody writes to any more fails on Linux."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
