"""Measurements in a process of their own, in which nothing else runs."""

import json
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.plan import Plan
from benchmarks.processes import ROOT, NotInstalled, environment, python_module
from benchmarks.ratios import RATIOS_OF_OWN, Found
from benchmarks.wrk import LoadFailed


def output_of_module(module: str, *arguments: str) -> Any:
    """The JSON that a module of the bench prints. Raises LoadFailed with the end of its output."""
    command = python_module(f"benchmarks.{module}", *arguments)
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            output, trouble = process.communicate()
        except BaseException:
            process.terminate()  # it may have servers of its own to end, so it is not killed
            raise
    if process.returncode:
        raise LoadFailed(f"benchmarks.{module} has failed:\n{trouble[-2000:]}")
    return json.loads(output)


def time_decisions(_plan: Plan) -> Found:
    return Found(absolute=output_of_module("decisions"))


def time_million(plan: Plan) -> Found:
    """The time of decisions and a plan over a million devices."""
    return split_ratios(output_of_module("million_devices", "--rounds", str(plan.device_rounds)))


def time_retractions(plan: Plan) -> Found:
    """The time of retractions at two gates on one PostgreSQL. Without PostgreSQL it is reported as missing."""
    try:
        find_postgresql()
    except NotInstalled as error:
        return Found(missing={"retract_s": str(error)})
    answer = output_of_module("retraction", "--rounds", str(plan.retractions))
    return Found(samples={"retract": answer["delays"]}, absolute={"retract_s": answer["retract_s"]})


def find_postgresql() -> None:
    """Raise NotInstalled without PostgreSQL."""
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        raise NotInstalled("PostgreSQL is not installed")


def split_ratios(figures: dict[str, float]) -> Found:
    """Separate ratios that are computed already from the rest."""
    return Found(
        ratios={name: value for name, value in figures.items() if name in RATIOS_OF_OWN},
        absolute={name: value for name, value in figures.items() if name not in RATIOS_OF_OWN},
    )
