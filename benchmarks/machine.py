"""The machine of a measurement, without host names and paths."""

import os
import platform
import resource
from pathlib import Path


def facts() -> dict[str, str | int | float]:
    """Facts about the machine. ``load_before`` is the load average of the last minute before the run."""
    return {
        "cores": _cores(),
        "cpu": _cpu_model(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def descriptors_allowed() -> int:
    """How many files and connections a process may have open, including child processes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
