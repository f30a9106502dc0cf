"""Ratios of samples: what each is made of, and its target. Pure."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Samples = Mapping[str, Sequence[float]]
"""One figure per round for each measurement (``page.nginx``, ``download.mailgate``, …), in the order of the rounds."""

RATIOS: Mapping[str, tuple[str, str]] = {
    "gate_vs_nginx": ("page.mailgate", "page.nginx"),
    "gate_vs_haproxy": ("page.mailgate", "page.haproxy"),
    "gate_vs_caddy": ("page.mailgate", "page.caddy"),
    "gate_vs_caddy_forward_auth": ("page.mailgate", "page.caddy_forward_auth"),
    "gate_vs_mitmproxy": ("page.mailgate", "page.mitmproxy"),
    "gate_vs_plain_aiohttp": ("page.mailgate", "page.plain_aiohttp"),
    "nginx_authz_vs_nginx": ("page.nginx_authz", "page.nginx"),
    "nginx_authz_cached_vs_nginx": ("page.nginx_authz_cached", "page.nginx"),
    "fresh_ua_vs_repeated": ("agents.fresh", "agents.repeated"),
    "mixed_vs_nginx": ("traffic_mixed.mailgate", "traffic_mixed.nginx"),
    "page_vs_nginx": ("traffic_page.mailgate", "traffic_page.nginx"),
    "fresh_vs_nginx": ("traffic_fresh.mailgate", "traffic_fresh.nginx"),
    "mixed_vs_caddy": ("traffic_mixed.mailgate", "traffic_mixed.caddy"),
    "mixed_vs_caddy_forward_auth": ("traffic_mixed.mailgate", "traffic_mixed.caddy_forward_auth"),
    "mixed_cpu_vs_nginx": ("traffic_mixed_cpu.mailgate", "traffic_mixed_cpu.nginx"),
    "two_workers_vs_one": ("traffic_mixed.mailgate_two", "traffic_mixed.mailgate"),
    "two_workers_cpu_vs_one": ("traffic_mixed_cpu.mailgate_two", "traffic_mixed_cpu.mailgate"),
    "proxied_vs_nginx": ("traffic_proxied.mailgate_behind", "traffic_proxied.nginx"),
    "nginx_authz_mixed_vs_nginx": ("traffic_mixed.nginx_authz", "traffic_mixed.nginx"),
    "nginx_authz_mixed_cached_vs_nginx": ("traffic_mixed.nginx_authz_cached", "traffic_mixed.nginx"),
    "repeated_vs_mixed_cpu": ("traffic_repeated_cpu.mailgate", "traffic_mixed_cpu.mailgate"),
    "download_vs_nginx": ("download.mailgate", "download.nginx"),
    "upload_vs_nginx": ("upload.mailgate", "upload.nginx"),
    "websocket_vs_nginx": ("websocket.mailgate", "websocket.nginx"),
}
RATIOS_OF_OWN = ("million_vs_thousand_p99",)
"""Ratios that are not made from rounds: their measurement computes them."""
ABSOLUTE = (
    "decision_warm_us",
    "decision_cold_us",
    "classify_worst_us",
    "refused_page_us",
    "refused_problem_us",
    "refused_activesync_us",
    "attested_known_us",
    "attested_known_64_us",
    "eas_cold_million_us",
    "simulate_million_s",
    "simulate_million_mib",
    "retract_s",
    "rss_growth_mib",
    "idle_connection_kib",
    "latency_p99_ms",
)
"""Figures that every run has, or reports as missing."""


@dataclass
class Found:
    """The results of a measurement. ``missing`` has what was not measured, each with the reason."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    absolute: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def add(self, other: "Found") -> None:
        self.samples |= other.samples
        self.ratios |= other.ratios
        self.absolute |= other.absolute
        self.missing |= other.missing

    def all_ratios(self) -> dict[str, float]:
        return ratios_of(self.samples) | self.ratios

    def all_missing(self) -> dict[str, str]:
        """Everything that a run should have and this one lacks, with the reason if known."""
        known = {*self.ratios, *self.absolute}
        others = {name: "not measured" for name in (*RATIOS_OF_OWN, *ABSOLUTE) if name not in known}
        return others | not_measured(self.samples) | self.missing


@dataclass(frozen=True)
class Target:
    """The target of a figure: at least ``limit``, or at most if less is better."""

    limit: float
    at_most: bool = False

    def reached(self, value: float) -> bool:
        return value <= self.limit if self.at_most else value >= self.limit


TARGETS: Mapping[str, Target] = {
    "mixed_vs_nginx": Target(0.6),
    "page_vs_nginx": Target(0.6),
    "mixed_cpu_vs_nginx": Target(2.5, at_most=True),
    "fresh_vs_nginx": Target(0.4),
    "mixed_vs_caddy": Target(1.5),
    "mixed_vs_caddy_forward_auth": Target(3),
    "nginx_authz_mixed_vs_nginx": Target(0.5),
    "nginx_authz_mixed_cached_vs_nginx": Target(0.65),
    "repeated_vs_mixed_cpu": Target(1 / 1.5),
    "refused_page_us": Target(150, at_most=True),
    "refused_problem_us": Target(80, at_most=True),
    "refused_activesync_us": Target(80, at_most=True),
    "attested_known_us": Target(400, at_most=True),
    "attested_known_64_us": Target(200, at_most=True),
    "eas_cold_million_us": Target(400, at_most=True),
    "gate_vs_nginx": Target(0.5),
    "gate_vs_caddy_forward_auth": Target(2),
    "gate_vs_mitmproxy": Target(15),
    "nginx_authz_vs_nginx": Target(0.65),
    "nginx_authz_cached_vs_nginx": Target(0.8),
    "fresh_ua_vs_repeated": Target(0.5),
    "download_vs_nginx": Target(1.0),
    "upload_vs_nginx": Target(0.8),
    "decision_warm_us": Target(15, at_most=True),
    "decision_cold_us": Target(100, at_most=True),
    "classify_worst_us": Target(1000, at_most=True),
    "rss_growth_mib": Target(16, at_most=True),
    "million_vs_thousand_p99": Target(1.2, at_most=True),
    "simulate_million_s": Target(45, at_most=True),
    "simulate_million_mib": Target(1024, at_most=True),
    "retract_s": Target(1, at_most=True),
}


REQUIRED = ("repeated_vs_mixed_cpu",)
"""Targets without which a run fails: a gate that is fast only for repeated requests is not fast."""


def failures(figures: Mapping[str, float]) -> list[str]:
    """The figures that miss a required target."""
    return [name for name in REQUIRED if name in figures and not TARGETS[name].reached(figures[name])]


def ratios_of(samples: Samples) -> dict[str, float]:
    """The ratios whose both sides were measured.

    Each is the median of the ratios of single rounds, since a disturbance of the machine affects both sides.
    """
    return {
        name: statistics.median(a / b for a, b in zip(samples[over], samples[under], strict=True))
        for name, (over, under) in RATIOS.items()
        if samples.get(over) and samples.get(under)
    }


def not_measured(samples: Samples) -> dict[str, str]:
    """The ratios that could not be computed, each with the side that is missing."""
    absent = {name: [side for side in sides if not samples.get(side)] for name, sides in RATIOS.items()}
    return {name: f"not measured: {', '.join(sides)}" for name, sides in absent.items() if sides}


def spread(values: Sequence[float]) -> dict[str, float | list[float]]:
    """The median, minimum, maximum, and every sample, rounded for readers."""
    return {
        "median": rounded(statistics.median(values)),
        "low": rounded(min(values)),
        "high": rounded(max(values)),
        "samples": [rounded(value) for value in values],
    }


def rounded(value: float) -> float:
    """Four significant digits; more is noise."""
    return float(f"{value:.4g}")
