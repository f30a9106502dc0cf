"""A gate that is told to stop while it still starts, also as the first process of a container."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from tests.integration.gate import PROXY, wait_for, write_config
from tests.servers import descendants, require_or_skip

IN_A_CONTAINER = ["unshare", "--pid", "--fork", "--kill-child"]
SECONDS_BEFORE_A_KILL = 8
"""A little less than the ten after which an engine of containers kills."""


@contextmanager
def starting(config: Path, before: Sequence[str] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A gate in a process that imports everything itself. ``before`` is what starts it."""
    (temporary := config.parent / "tmp").mkdir()
    with subprocess.Popen(
        [*before, sys.executable, "-m", "mailgate", "run", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(PROXY), "TMPDIR": str(temporary)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stopped(process: subprocess.Popen[bytes], pid: int, number: signal.Signals) -> tuple[int, str]:
    """The exit code and the last words of a gate whose process ``pid`` gets this signal."""
    os.kill(pid, number)
    _, said = process.communicate(timeout=SECONDS_BEFORE_A_KILL)
    return process.returncode, said.decode()


def held_up_by_a_file(config: Path) -> Path:
    """Let a gate wait for the end of a file while it reads its files."""
    apps = config.with_name("apps.yaml")
    apps.unlink()
    os.mkfifo(apps)
    return apps


def has_a_reader(pipe: Path) -> int:
    """A descriptor that writes to a pipe once somebody reads it; 0 until then."""
    with suppress(OSError):
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    return 0


@pytest.mark.parametrize(
    ("before", "number"),
    [
        pytest.param([], signal.SIGINT, id="SIGINT"),
        pytest.param(
            IN_A_CONTAINER,
            signal.SIGTERM,
            id="SIGTERM to process 1",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of processes needs root here"),
        ),
    ],
)
def test_a_gate_that_reads_its_files_stops_well(
    tmp_path: Path, before: list[str], number: signal.Signals
) -> None:
    """The kernel drops a signal that process 1 does not handle: it would be killed ten seconds later, with 137."""
    require_or_skip(*before[:1])
    config = write_config(tmp_path, "http://127.0.0.1:9", {})
    pipe = held_up_by_a_file(config)
    with starting(config, before) as process:
        held = wait_for(lambda: has_a_reader(pipe))
        gate = descendants(process.pid)[0] if before else process.pid
        assert stopped(process, gate, number) == (0, "")
        os.close(held)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_gate_that_waits_for_its_store_stops_well_and_changes_nothing(tmp_path: Path, workers: int) -> None:
    config = write_config(tmp_path, "http://127.0.0.1:9", {"workers": workers})
    file = tmp_path / "mailgate.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as store, starting(config) as process:
        store.execute("PRAGMA journal_mode=WAL")
        store.execute("BEGIN IMMEDIATE")  # another gate upgrades it

        def waits() -> bool:
            return any(file in opened_by(pid) for pid in (process.pid, *descendants(process.pid)))

        assert wait_for(waits)
        assert stopped(process, process.pid, signal.SIGTERM) == (0, "")
        store.execute("ROLLBACK")
        assert store.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
        assert not list((tmp_path / "tmp").iterdir())


def opened_by(pid: int) -> list[Path]:
    """The files that a process has open."""
    found = []
    with suppress(FileNotFoundError):
        for each in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.append(each.readlink())
    return found
