"""The parts of ``make test`` run side by side, and no two of them are given one port."""

import subprocess
import sys
from pathlib import Path

from tests.servers import PATIENCE, PORTS, PORTS_A_RUN, free_port

ROOT = Path(__file__).parents[2]
ALL = PORTS_A_RUN - 1
ASKING = f"from tests.servers import free_port; print(*(free_port() for _ in range({ALL})))"


def test_two_processes_share_no_port() -> None:
    other = subprocess.run(
        [sys.executable, "-W", "error", "-c", ASKING],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    mine, theirs = {free_port() for _ in range(ALL)}, {int(port) for port in other.stdout.split()}
    assert mine.isdisjoint(theirs)
    assert mine | theirs <= set(PORTS)
    assert other.stderr == ""


def test_a_port_comes_again_only_after_all_others() -> None:
    ports = [free_port() for _ in range(PORTS_A_RUN // 2)]
    assert len(set(ports)) == len(ports)
