"""``docs/performance.md`` and its pictures show the results that are kept."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from benchmarks import (
    console_report,
    devices_report,
    report,
    request_parts_report,
    sentences,
    soak_report,
    store_moves_report,
)
from benchmarks.plots import pictures

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
IMAGES = ROOT / "docs" / "images"


def page() -> str:
    return (ROOT / "docs" / "performance.md").read_text("utf-8")


WRITTEN = re.compile(r"<!-- [\w ]+ from here -->.*?<!-- [\w ]*to here -->", re.DOTALL)
FIGURE = re.compile(
    r"[0-9][0-9.,]*\s?(?:µs|×|kB)|[0-9.,]+ (?:to [0-9.,]+ )?(?:s\b|ms of|requests/s|pages a second)"
)
"""A measured time, share or rate. Sizes and numbers of what is asked for are conditions, and may stand in the text."""


def latest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / "latest.json").read_text("utf-8"))
    return found


def test_the_sentences_are_those_of_the_last_run() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert sentences.replaced(page(), latest()) == page()
    assert sentences.replaced_headline(readme, latest()) == readme


def test_a_million_devices_cost_what_is_said() -> None:
    kept = json.loads((RESULTS / "devices.json").read_text("utf-8"))
    assert devices_report.replaced(page(), kept) == page()


def test_the_parts_of_a_request_take_what_is_said() -> None:
    kept = json.loads((RESULTS / "parts.json").read_text("utf-8"))
    assert request_parts_report.replaced(page(), kept) == page()


def test_no_figure_is_written_by_hand() -> None:
    by_hand, parts = WRITTEN.subn("", page())
    assert parts == 7
    assert FIGURE.findall(by_hand) == []


@pytest.mark.parametrize(
    "text", ["0.53 × a repeated", "80 to 110 µs", "took 43.6 s, and", "13,100 pages a second"]
)
def test_a_figure_is_found(text: str) -> None:
    assert FIGURE.search(text)


def test_the_tables_are_those_of_the_last_run() -> None:
    assert report.replaced(page(), latest()) == page()


def test_the_pictures_are_those_of_the_last_run() -> None:
    for name, picture in pictures(latest()).items():
        assert (IMAGES / name).read_text("utf-8") == picture
        assert f"(images/{name})" in page()


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("console.json")))
def test_the_pages_of_the_console_took_what_is_said(kept: Path) -> None:
    assert console_report.replaced(page(), json.loads(kept.read_text("utf-8"))) == page()


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("moving.json")))
def test_moving_a_store_took_what_is_said(kept: Path) -> None:
    assert store_moves_report.replaced(page(), json.loads(kept.read_text("utf-8"))) == page()


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("soak.json")))
def test_the_soak_is_the_last_one(kept: Path) -> None:
    results = json.loads(kept.read_text("utf-8"))
    assert soak_report.replaced(page(), results) == page()
    assert (IMAGES / "soak.svg").read_text("utf-8") == soak_report.picture(results)
