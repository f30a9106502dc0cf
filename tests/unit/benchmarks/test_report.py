"""The tables say what was measured, what it must reach, and what is missing."""

from typing import Any

import pytest
from benchmarks.ratios import RATIOS, TARGETS
from benchmarks.report import BEGIN, END, TITLES, Row, markdown, replaced, rows, terminal

RESULTS: dict[str, Any] = {
    "machine": {"cores": 2, "cpu": "A CPU", "system": "Linux", "python": "3.11.7", "load_before": 0.5},
    "plan": {
        "rounds": 5,
        "seconds": 3,
        "connections": 32,
        "page_bytes": 8192,
        "transfers": 15,
        "large_bytes": 64 * 2**20,
    },
    "versions": {"nginx": "1.26.3", "mailgate": "0.1.0"},
    "ratios": {"gate_vs_nginx": 0.4, "gate_vs_plain_aiohttp": 2.0, "download_vs_nginx": 1.0},
    "absolute": {"decision_warm_us": 12.34, "decision_attested_cold_us": 1760.4, "rss_growth_mib": 17.0},
    "measured": {"page.nginx": {"median": 20000.0, "low": 18000.0, "high": 21000.0, "samples": [20000.0]}},
    "missing": {"caddy": "caddy is not installed", "gate_vs_caddy": "not measured: page.caddy"},
}


@pytest.mark.parametrize(
    "row",
    [
        Row("pages: gate / nginx", "0.40 ×", "≥ 0.50 ×", "no"),
        Row("pages: gate / plain aiohttp proxy", "2.00 ×", "", ""),
        Row("pages: gate / mitmproxy", "not measured", "≥ 15.00 ×", ""),
        Row("64 MiB download: gate / nginx", "1.00 ×", "≥ 1.00 ×", "yes"),
        Row("decision, everything cached", "12.3 µs", "≤ 15 µs", "yes"),
        Row("decision, a new device with a new token", "1,760 µs", "", ""),
        Row("memory growth of the gate over all 64 MiB transfers", "17 MiB", "≤ 16 MiB", "no"),
    ],
)
def test_rows(row: Row) -> None:
    assert row in rows(RESULTS)


def test_every_figure_has_a_title() -> None:
    assert {*RATIOS, *TARGETS} <= set(TITLES)


def test_markdown() -> None:
    text = markdown(RESULTS)
    assert "| pages: gate / nginx | 0.40 × | ≥ 0.50 × | no |" in text
    assert "| `page.nginx` | 20,000 requests/s | 18,000 to 21,000 |" in text
    assert "- `caddy`: caddy is not installed" in text
    assert "- Versions: nginx 1.26.3, mailgate 0.1.0." in text


def test_nothing_missing_is_not_mentioned() -> None:
    assert "Missing" not in markdown(RESULTS | {"missing": {}})


def test_the_terminal_shows_the_same_rows() -> None:
    figures, measured = terminal(RESULTS)
    assert figures.row_count == len(TITLES)
    assert measured.row_count == 1


def test_only_what_stands_between_the_markers_is_written_anew() -> None:
    page = replaced(f"before\n{BEGIN}\nold\n{END}\nafter\n", RESULTS)
    assert page == f"before\n{BEGIN}\n\n{markdown(RESULTS)}\n\n{END}\nafter\n"
    assert replaced(page, RESULTS) == page


@pytest.mark.parametrize("page", ["", BEGIN, END])
def test_a_page_without_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="no part"):
        replaced(page, RESULTS)
