"""``docs/performance.md`` and its pictures show the results that are kept."""

import json
from pathlib import Path

import pytest
from benchmarks import console_report, report, soak_report
from benchmarks.plots import pictures

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
IMAGES = ROOT / "docs" / "images"


def page() -> str:
    return (ROOT / "docs" / "performance.md").read_text("utf-8")


def test_the_tables_are_those_of_the_last_run() -> None:
    results = json.loads((RESULTS / "latest.json").read_text("utf-8"))
    assert report.replaced(page(), results) == page()


def test_the_pictures_are_those_of_the_last_run() -> None:
    results = json.loads((RESULTS / "latest.json").read_text("utf-8"))
    for name, picture in pictures(results).items():
        assert (IMAGES / name).read_text("utf-8") == picture
        assert f"(images/{name})" in page()


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("console.json")))
def test_the_pages_of_the_console_took_what_is_said(kept: Path) -> None:
    assert console_report.replaced(page(), json.loads(kept.read_text("utf-8"))) == page()


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("soak.json")))
def test_the_soak_is_the_last_one(kept: Path) -> None:
    results = json.loads(kept.read_text("utf-8"))
    assert soak_report.replaced(page(), results) == page()
    assert (IMAGES / "soak.svg").read_text("utf-8") == soak_report.picture(results)
