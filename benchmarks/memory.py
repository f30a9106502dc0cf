"""The memory of processes on Linux. Everything raises OSError if a process has ended, or without ``/proc``."""

from contextlib import suppress
from pathlib import Path


def resident(pid: int) -> float:
    """The memory of a process now, in MiB."""
    return _field(Path(f"/proc/{pid}/status"), "VmRSS")


def peak(pid: int) -> float:
    """The most memory since `forget_peak`, in MiB."""
    return _field(Path(f"/proc/{pid}/status"), "VmHWM")


def forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def descriptors(pid: int) -> int:
    """How many files and connections it has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def tree_mib(pid: int) -> float:
    """The memory of a process and all its descendants together, in MiB; shared memory counts once."""
    total = 0.0
    for each in [pid, *descendants(pid)]:
        with suppress(OSError, StopIteration):
            total += _field(Path(f"/proc/{each}/smaps_rollup"), "Pss")
    return total


def descendants(pid: int) -> list[int]:
    """Every process that this one started, and that those started, now."""
    found: list[int] = []
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in map(int, path.read_text().split()):
                found += [child, *descendants(child)]
    return found


def _field(path: Path, key: str) -> float:
    lines = path.read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))
