"""The machine of a measurement, without host names and paths, and what processes take of it, as Linux counts it."""

import os
import platform
import resource
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.servers import descendants

TICK = os.sysconf("SC_CLK_TCK")


def described() -> str:
    """When and on what a run begins, in a sentence, and the load average of the last minute."""
    system = f"{platform.system()}, Python {platform.python_version()}"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} cores ({_cpu_model()}), {system}. "
        f"Load average before the run: {round(os.getloadavg()[0], 2)}."
    )


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def processor_seconds(pids: Iterable[int]) -> float:
    """The user and system time of these processes and of all that they started, so far."""
    return sum(_used(each) for pid in pids for each in [pid, *descendants(pid)])


def of_children() -> float:
    """The processor seconds of all ended children of this process."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _used(pid: int) -> float:
    with suppress(OSError):
        # after the name, which is in brackets and may hold anything, utime and stime are the 12th and 13th
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    return 0.0


def memory_mib(pids: Iterable[int]) -> float:
    """The memory of processes and all their descendants together; what they share counts once."""
    total = 0.0
    for each in [other for pid in pids for other in [pid, *descendants(pid)]]:
        with suppress(OSError, StopIteration):
            total += _field(Path(f"/proc/{each}/smaps_rollup"), "Pss")
    return total


def forget_peak(pid: int) -> float:
    """The memory of one process, from which its peak begins anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return _field(Path(f"/proc/{pid}/status"), "VmRSS")


def peak_mib(pid: int) -> float:
    """The most memory that one process has held since."""
    return _field(Path(f"/proc/{pid}/status"), "VmHWM")


def _field(path: Path, key: str) -> float:
    lines = path.read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))
