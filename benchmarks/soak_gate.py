"""Runs a command of ``mailgate``, and writes on a signal how many tasks its loop has. ``python -m benchmarks.soak_gate run --config PATH``."""

import asyncio
import gc
import json
import signal
import sys
import threading
from pathlib import Path

COUNT = signal.SIGRTMIN + 2
COUNTED = "counted.json"


def write_counts(*_: object) -> None:
    """Write the numbers beside the settings."""
    gc.collect()
    told = {
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
        "objects": len(gc.get_objects()),
    }
    beside = Path(sys.argv[-1]).with_name(f"{COUNTED}.new")
    beside.write_text(json.dumps(told))
    beside.rename(beside.with_suffix(""))


def main() -> None:
    signal.signal(COUNT, write_counts)
    from mailgate.__main__ import main as command

    command()


if __name__ == "__main__":
    main()
