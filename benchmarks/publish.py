"""Keeps the results of a run, and writes the docs from them: ``python -m benchmarks.publish`` writes these again."""

import json
from collections.abc import Mapping
from typing import Any

from benchmarks import devices_report, report, request_parts_report, sentences
from benchmarks.plots import pictures
from benchmarks.processes import ROOT

PAGE = ROOT / "docs" / "performance.md"
README = ROOT / "README.md"
IMAGES = ROOT / "docs" / "images"
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"
DEVICES = ROOT / "benchmarks" / "results" / "devices.json"
PARTS = ROOT / "benchmarks" / "results" / "parts.json"


def keep(results: Mapping[str, Any]) -> None:
    """Keep the results of ``make bench``."""
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    write(results)


def keep_devices(store: str, found: Mapping[str, Any]) -> None:
    """Keep the results of ``make bench-devices`` on one kind of store."""
    kept = json.loads(DEVICES.read_text("utf-8")) | {store: found}
    DEVICES.write_text(json.dumps(kept, indent=2) + "\n")
    PAGE.write_text(devices_report.replaced(PAGE.read_text("utf-8"), kept), "utf-8")


def keep_parts(found: Mapping[str, Any]) -> None:
    """Keep the results of ``python -m benchmarks.request_parts``."""
    PARTS.write_text(json.dumps(found, indent=2) + "\n")
    PAGE.write_text(request_parts_report.replaced(PAGE.read_text("utf-8"), found), "utf-8")


def write(results: Mapping[str, Any]) -> None:
    """Write tables, sentences and pictures."""
    page = report.replaced(PAGE.read_text("utf-8"), results)
    PAGE.write_text(sentences.replaced(page, results), "utf-8")
    README.write_text(sentences.replaced_headline(README.read_text("utf-8"), results), "utf-8")
    for name, picture in pictures(results).items():
        (IMAGES / name).write_text(picture, "utf-8")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text("utf-8")))
    devices = json.loads(DEVICES.read_text("utf-8"))
    PAGE.write_text(devices_report.replaced(PAGE.read_text("utf-8"), devices), "utf-8")
    PAGE.write_text(
        request_parts_report.replaced(PAGE.read_text("utf-8"), json.loads(PARTS.read_text("utf-8"))), "utf-8"
    )
