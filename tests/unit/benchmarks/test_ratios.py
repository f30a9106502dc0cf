"""Ratios are made of the samples of the same round, and only where both sides were measured."""

import pytest
from benchmarks.ratios import (
    ABSOLUTE,
    RATIOS,
    RATIOS_OF_OWN,
    TARGETS,
    Found,
    Target,
    failures,
    not_measured,
    ratios_of,
    rounded,
    spread,
)

SAMPLES = {
    "page.mailgate": [10.0, 30.0, 20.0],
    "page.nginx": [20.0, 40.0, 80.0],
    "agents.fresh": [3.0],
    "agents.repeated": [4.0],
}


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    assert ratios_of(SAMPLES) == {"gate_vs_nginx": 0.5, "fresh_ua_vs_repeated": 0.75}


@pytest.mark.parametrize(
    "samples", [{}, {"page.mailgate": [1.0]}, {"page.mailgate": [1.0], "page.nginx": []}]
)
def test_there_is_no_ratio_without_both_sides(samples: dict[str, list[float]]) -> None:
    assert ratios_of(samples) == {}
    assert set(not_measured(samples)) == set(RATIOS)


def test_what_is_missing_is_named() -> None:
    missing = not_measured(SAMPLES)
    assert missing["gate_vs_caddy"] == "not measured: page.caddy"
    assert missing["upload_vs_nginx"] == "not measured: upload.mailgate, upload.nginx"
    assert "gate_vs_nginx" not in missing


def test_unequal_rounds_are_a_mistake_of_the_bench() -> None:
    with pytest.raises(ValueError, match="longer"):
        ratios_of({"page.mailgate": [1.0, 2.0], "page.nginx": [1.0, 2.0, 3.0]})


def test_spread() -> None:
    assert spread([3.0, 1.0, 2.00004]) == {
        "median": 2.0,
        "low": 1.0,
        "high": 3.0,
        "samples": [3.0, 1.0, 2.0],
    }


@pytest.mark.parametrize(("value", "kept"), [(12345.6, 12350.0), (0.123456, 0.1235), (7.0, 7.0), (0.0, 0.0)])
def test_four_digits_are_kept(value: float, kept: float) -> None:
    assert rounded(value) == kept


@pytest.mark.parametrize(
    ("target", "value", "reached"),
    [
        (Target(0.5), 0.5, True),
        (Target(0.5), 0.49, False),
        (Target(15, at_most=True), 15, True),
        (Target(15, at_most=True), 15.1, False),
    ],
)
def test_target(target: Target, value: float, reached: bool) -> None:
    assert target.reached(value) is reached


def test_the_targets_are_those_of_the_design() -> None:
    least = {name: target.limit for name, target in TARGETS.items() if not target.at_most}
    most = {name: target.limit for name, target in TARGETS.items() if target.at_most}
    assert least == {
        "mixed_vs_nginx": 0.6,
        "page_vs_nginx": 0.6,
        "fresh_vs_nginx": 0.4,
        "mixed_vs_caddy": 1.5,
        "mixed_vs_caddy_forward_auth": 3,
        "nginx_authz_mixed_vs_nginx": 0.5,
        "nginx_authz_mixed_cached_vs_nginx": 0.65,
        "repeated_vs_mixed_cpu": 1 / 1.5,
        "gate_vs_nginx": 0.5,
        "gate_vs_caddy_forward_auth": 2,
        "gate_vs_mitmproxy": 15,
        "nginx_authz_vs_nginx": 0.65,
        "nginx_authz_cached_vs_nginx": 0.8,
        "fresh_ua_vs_repeated": 0.5,
        "download_vs_nginx": 1.0,
        "upload_vs_nginx": 0.8,
    }
    assert most == {
        "mixed_cpu_vs_nginx": 2.5,
        "refused_page_us": 150,
        "refused_problem_us": 80,
        "refused_activesync_us": 80,
        "attested_known_us": 400,
        "attested_known_64_us": 200,
        "eas_cold_million_us": 400,
        "decision_warm_us": 15,
        "decision_cold_us": 100,
        "classify_worst_us": 1000,
        "rss_growth_mib": 16,
        "million_vs_thousand_p99": 1.2,
        "simulate_million_s": 45,
        "simulate_million_mib": 1024,
        "retract_s": 1,
    }


@pytest.mark.parametrize(
    ("figures", "failed"),
    [
        ({"repeated_vs_mixed_cpu": 0.5}, ["repeated_vs_mixed_cpu"]),
        ({"repeated_vs_mixed_cpu": 0.7}, []),
        ({}, []),
    ],
)
def test_a_run_fails_where_only_what_repeats_is_fast(figures: dict[str, float], failed: list[str]) -> None:
    """A request that is repeated may be 1.5 times cheaper, and no more."""
    assert failures(figures) == failed


def test_every_target_is_of_a_figure_that_is_missed_where_it_is_not_there() -> None:
    assert set(TARGETS) <= {*RATIOS, *RATIOS_OF_OWN, *ABSOLUTE}
    assert set(Found().all_missing()) == {*RATIOS, *RATIOS_OF_OWN, *ABSOLUTE}


def test_what_is_found_is_not_missing_and_a_known_reason_counts() -> None:
    found = Found(samples={"agents.fresh": [3.0], "agents.repeated": [4.0]})
    found.add(Found(ratios={"million_vs_thousand_p99": 1.1}, absolute={"decision_warm_us": 9.0}))
    found.add(Found(missing={"retract_s": "PostgreSQL is not installed"}))
    assert found.all_ratios() == {"fresh_ua_vs_repeated": 0.75, "million_vs_thousand_p99": 1.1}
    missing = found.all_missing()
    assert missing["retract_s"] == "PostgreSQL is not installed"
    assert missing["simulate_million_s"] == "not measured"
    assert not {"million_vs_thousand_p99", "decision_warm_us", "fresh_ua_vs_repeated"} & set(missing)
