"""A gate that starts on a full disk says so, also while nobody comes whose sighting could be refused."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from tests.integration.gate import EVERYONE, wait_for, write_config
from tests.servers import PATIENCE, free_port, require_or_skip, unavailable

SCRIPT = """
mount -t tmpfs -o size=3m tmpfs {disk} || exit
{gate} & first=$!
echo mounted
read how
kill -$how $first; wait $first
[ $how = KILL ] || {python} -c 'import sqlite3; sqlite3.connect("{disk}/mailgate.db").execute("PRAGMA wal_checkpoint(TRUNCATE)")'
for again in 1 2 3; do dd if=/dev/zero bs=1k >>{disk}/fill 2>/dev/null; sleep 0.1; done
{gate} & second=$!
while read more; do dd if=/dev/zero bs=1k >>{disk}/fill 2>/dev/null; done
wait $second
"""
"""Run where nobody else sees what is mounted. Reads how the first gate ends, then a line each time that the disk is to be
filled: a start gives room back, as it brings what an earlier gate left into the file, and a log that is left
after an end would be room enough to start."""


class Disk:
    """A small disk of its own, and a gate that has its store there."""

    def __init__(self, folder: Path) -> None:
        self.log, self.admin = folder / "log", free_port()
        (folder / "disk").mkdir()
        own = {
            "listen": f"127.0.0.1:{free_port()}",
            "admin_listen": f"127.0.0.1:{self.admin}",
            "store": "sqlite:///disk/mailgate.db",
        }
        config = write_config(folder, "http://127.0.0.1:9", own, EVERYONE)
        gate = f"{sys.executable} -m mailgate run --config {config} >>{self.log} 2>&1"
        self.process = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                SCRIPT.format(disk=folder / "disk", gate=gate, python=sys.executable),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )

    def state(self) -> dict[str, Any]:
        """What ``/readyz`` says; nothing where no gate answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=PATIENCE) as response:
                return dict(json.load(response))
        except OSError:
            return {}

    def fill_and_restart(self, how: str) -> None:
        """The gate ends by this signal, the disk fills, and another gate starts."""
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "mounted":
            unavailable("no disk of one's own can be mounted here")
        assert wait_for(self.state), self.log.read_text()
        self.tell(how)

    def tell(self, line: str) -> None:
        print(line, file=self.process.stdin, flush=True)

    def listens(self, times: int) -> bool:
        return self.log.read_text().count('"listening"') == times

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with self.process:
            pass


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    require_or_skip("unshare")
    disk = Disk(tmp_path)
    yield disk
    disk.close()


def test_a_start_on_a_full_disk_says_that_nothing_can_be_written(disk: Disk) -> None:
    disk.fill_and_restart("KILL")
    assert wait_for(lambda: disk.listens(2)), disk.log.read_text()

    def unwritable() -> bool:
        disk.tell(
            "fill"
        )  # again and again: the log that a gate brings into its file gives room back at any time
        return disk.state().get("store") == "unwritable"

    assert wait_for(unwritable), disk.log.read_text()
    assert wait_for(lambda: "disk is full" in disk.state()["writes"]["error"]), disk.log.read_text()
    state = disk.state()
    assert state["ledger"]["error"] == "", "nobody came"


def test_a_store_that_cannot_be_opened_is_named_with_the_full_disk(disk: Disk) -> None:
    disk.fill_and_restart("TERM")
    assert disk.process.stdin is not None
    disk.process.stdin.close()
    assert disk.process.wait(PATIENCE) == 1
    (said,) = [line for line in disk.log.read_text().splitlines() if "not started" in line]
    assert "disk/mailgate.db cannot be opened" in said
    assert "its disk is full" in said
