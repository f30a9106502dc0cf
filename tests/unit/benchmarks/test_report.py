"""The tables say what was measured, what it must reach, and what is missing."""

from typing import Any

import pytest
from benchmarks.ratios import ABSOLUTE, RATIOS, RATIOS_OF_OWN
from benchmarks.report import BEGIN, END, TITLES, Row, markdown, replaced, rows, short, terminal, with_unit

RESULTS: dict[str, Any] = {
    "machine": {"cores": 2, "cpu": "A CPU", "system": "Linux", "python": "3.11.7", "load_before": 0.5},
    "plan": {
        "rounds": 5,
        "seconds": 3,
        "connections": 32,
        "page_bytes": 8192,
        "transfers": 15,
        "large_bytes": 64 * 2**20,
        "rate": 1000,
    },
    "latency_us": {
        "nginx": {"p50": 434.0, "p99": 15240.0, "p999": 18610.0, "most": 20000.0, "count": 3000.0}
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
        Row("one page repeated: gate / nginx", "0.40 ×", "≥ 0.50 ×", "no"),
        Row("one page repeated: gate / plain aiohttp proxy", "2.00 ×", "", ""),
        Row("one page repeated: gate / mitmproxy", "not measured", "≥ 15.00 ×", ""),
        Row("64 MiB download: gate / nginx", "1.00 ×", "≥ 1.00 ×", "yes"),
        Row("decision, everything cached", "12.3 µs", "≤ 15 µs", "yes"),
        Row("decision, a new device with a new token", "1,760 µs", "", ""),
        Row("memory growth of the gate over all 64 MiB transfers", "17 MiB", "≤ 16 MiB", "no"),
    ],
)
def test_rows(row: Row) -> None:
    assert row in rows(RESULTS)


def test_every_figure_has_a_title() -> None:
    assert {*RATIOS, *RATIOS_OF_OWN, *ABSOLUTE} <= set(TITLES)


def test_markdown() -> None:
    text = markdown(RESULTS)
    assert "| one page repeated: gate / nginx | 0.40 × | ≥ 0.50 × | no |" in text
    assert "| `page.nginx` | 20,000 requests/s | 18,000 to 21,000 |" in text
    assert "| latency at 1,000 requests a second | median |" in text
    assert "| `nginx` | 0.434 ms | 15.2 ms | 18.6 ms | 20 ms | 3,000 |" in text
    assert "- `caddy`: caddy is not installed" in text
    assert "- Versions: nginx 1.26.3, mailgate 0.1.0." in text


@pytest.mark.parametrize(("part", "words"), [("latency_us", "latency at"), ("missing", "Missing")])
def test_what_there_is_nothing_of_is_not_mentioned(part: str, words: str) -> None:
    assert words in markdown(RESULTS)
    assert words not in markdown(RESULTS | {part: {}})


@pytest.mark.parametrize(
    ("value", "name", "words"),
    [
        (0.0641, "retract_s", "0.064 s"),
        (9.94, "simulate_million_s", "9.9 s"),
        (1024, "simulate_million_mib", "1,024 MiB"),
        (6.2328, "idle_connection_kib", "6.2 KiB"),
        (2.419, "latency_p50_ms", "2.4 ms"),
        (0.93214, "million_vs_thousand_p99", "0.93 ×"),
    ],
)
def test_a_figure_has_the_unit_that_its_name_ends_with(value: float, name: str, words: str) -> None:
    assert with_unit(value, name) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(12345.6, "12,346"), (100.4, "100"), (12.34, "12.3"), (3, "3"), (0.5, "0.500"), (-2.5, "-2.500")],
)
def test_no_more_digits_than_mean_something(value: float, words: str) -> None:
    assert short(value) == words


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
