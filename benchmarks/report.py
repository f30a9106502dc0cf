"""The result as a table: on the terminal and in ``docs/performance.md``. Pure."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.table import Table

from benchmarks.ratios import TARGETS, Target

BEGIN, END = "<!-- make bench writes from here -->", "<!-- to here -->"

TITLES: Mapping[str, str] = {
    "mixed_vs_nginx": "mixed traffic: gate / nginx",
    "page_vs_nginx": "varied pages: gate / nginx",
    "mixed_cpu_vs_nginx": "mixed traffic, processor time of a request: gate / nginx",
    "fresh_vs_nginx": "mixed traffic, every user agent new: gate / nginx",
    "two_workers_vs_one": "mixed traffic: two workers / one, with load and webmail on the same processors",
    "two_workers_cpu_vs_one": "the same, processor time of a request",
    "proxied_vs_nginx": "mixed traffic behind a trusted proxy: gate / nginx",
    "mixed_vs_caddy": "mixed traffic: gate / Caddy",
    "mixed_vs_caddy_forward_auth": "mixed traffic: gate / Caddy with forward_auth",
    "nginx_authz_mixed_vs_nginx": "mixed traffic: nginx that asks the gate / nginx",
    "nginx_authz_mixed_cached_vs_nginx": "mixed traffic: the same, verdicts kept for 2 s / nginx",
    "repeated_vs_mixed_cpu": "processor time of a request: one that is repeated / mixed traffic",
    "refused_page_us": "processor time of a refused phone, new user agent: page",
    "refused_problem_us": "the same: problem document",
    "refused_activesync_us": "the same: ActiveSync status",
    "attested_known_us": "decision, a known token, a new proof and the gate's nonce, one at a time",
    "attested_known_64_us": "the same, 64 at once",
    "eas_cold_million_us": "processor time of a decision about a phone not in memory, a million stored",
    "gate_vs_nginx": "one page repeated: gate / nginx",
    "gate_vs_haproxy": "one page repeated: gate / HAProxy",
    "gate_vs_caddy": "one page repeated: gate / Caddy",
    "gate_vs_caddy_forward_auth": "one page repeated: gate / Caddy with forward_auth",
    "gate_vs_mitmproxy": "one page repeated: gate / mitmproxy",
    "gate_vs_plain_aiohttp": "one page repeated: gate / plain aiohttp proxy",
    "nginx_authz_vs_nginx": "one page repeated: nginx that asks the gate / nginx",
    "nginx_authz_cached_vs_nginx": "one page repeated: the same, verdicts kept for 2 s / nginx",
    "fresh_ua_vs_repeated": "one page repeated: user agents never seen / one repeated",
    "download_vs_nginx": "64 MiB download: gate / nginx",
    "upload_vs_nginx": "64 MiB upload: gate / nginx",
    "websocket_vs_nginx": "WebSocket messages, there and back: gate / nginx",
    "decision_warm_us": "decision, everything cached",
    "decision_cold_us": "decision, nothing cached",
    "classify_worst_us": "telling a client's kind, the oddest of a fixed set of inputs",
    "decision_attested_warm_us": "decision, a known token with a new proof",
    "decision_attested_bound_us": "decision, the same with a nonce of this process",
    "decision_attested_cold_us": "decision, a new device with a new token",
    "rss_growth_mib": "memory growth of the gate over all 64 MiB transfers",
    "latency_p50_ms": "latency of the gate under a fixed rate, median",
    "latency_p99_ms": "the same, p99",
    "latency_p999_ms": "the same, p99.9",
    "idle_connection_kib": "memory of the gate for each idle connection",
    "idle_answer_ms": "a page while all of them are held, median",
    "idle_slowest_answer_ms": "the same, the slowest",
    "million_vs_thousand_p99": "decision about a device not in memory, p99: a million stored / a thousand",
    "decision_million_p50_us": "the same with a million stored, median",
    "decision_million_p99_us": "the same with a million stored, p99",
    "simulate_million_s": "a plan over a million devices",
    "simulate_million_cpu_s": "its processor time, of all processes",
    "simulate_million_mib": "its memory, of all processes together",
    "retract_s": "rules taken back: the last answer by them, of two gates, the longest of all rounds",
}
UNITS: Mapping[str, str] = {
    "page": "requests/s",
    "agents": "requests/s",
    "download": "MiB/s",
    "upload": "MiB/s",
    "websocket": "messages/s",
    "retract": "s",
}
SUFFIXES: Mapping[str, str] = {
    "us": "µs",
    "ms": "ms",
    "s": "s",
    "mib": "MiB",
    "kib": "KiB",
}
"""The ends of figures' names, with their units. Any other figure is a ratio."""


class Row(NamedTuple):
    """One figure with its target."""

    title: str
    value: str
    target: str
    reached: str


class Rate(NamedTuple):
    """One measurement: the median over all rounds, the minimum and the maximum."""

    name: str
    median: str
    spread: str


def rows(results: Mapping[str, Any]) -> list[Row]:
    """Every known figure in the order of the titles, also those that were not measured."""
    figures = {**results["ratios"], **results["absolute"]}
    return [_row(title, figures.get(name), name) for name, title in TITLES.items()]


def rates(results: Mapping[str, Any]) -> list[Rate]:
    return [_rate(name, figures) for name, figures in results["measured"].items()]


def terminal(results: Mapping[str, Any]) -> list[Table]:
    """The two tables for the terminal."""
    figures, measured = Table(title="What it must reach"), Table(title="What was measured")
    for heading in ("what", "measured", "target", "reached"):
        figures.add_column(heading, justify="left" if heading == "what" else "right")
    for row in rows(results):
        figures.add_row(*row)
    for heading in ("measurement", "median", "lowest to highest"):
        measured.add_column(heading, justify="left" if heading == "measurement" else "right")
    for rate in rates(results):
        measured.add_row(*rate)
    return [figures, measured]


def markdown(results: Mapping[str, Any]) -> str:
    """The text between the markers of the page."""
    lines = [*_conditions(results), ""]
    lines += ["| what | measured | at least / at most | reached |", "|---|---:|---:|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows(results)]
    if results["latency_us"]:
        lines += ["", *_latencies(results)]
    lines += ["", "| measurement | median | lowest to highest |", "|---|---:|---:|"]
    lines += [f"| `{rate.name}` | {rate.median} | {rate.spread} |" for rate in rates(results)]
    missing = [f"- `{name}`: {why}" for name, why in results["missing"].items()]
    return "\n".join([*lines, *(["", "Missing from this run:", "", *missing] if missing else [])])


def replaced(page: str, results: Mapping[str, Any]) -> str:
    """The page with the part between the markers replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, markdown(results))


def between(page: str, begin: str, end: str, text: str) -> str:
    """The page with this text between two markers. Raises ValueError if one is missing."""
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"the page has no part from `{begin}` to `{end}`")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def _row(title: str, value: float | None, name: str) -> Row:
    target = TARGETS.get(name)
    if value is None:
        return Row(title, "not measured", _limit(target, name), "")
    reached = "" if target is None else "yes" if target.reached(value) else "no"
    return Row(title, with_unit(value, name), _limit(target, name), reached)


def _limit(target: Target | None, name: str) -> str:
    return f"{'≤' if target.at_most else '≥'} {with_unit(target.limit, name)}" if target else ""


def with_unit(value: float, name: str) -> str:
    unit = SUFFIXES.get(name.rpartition("_")[2], "×")
    return f"{value:,.2f} ×" if unit == "×" else f"{short(value)} {unit}"


def short(value: float) -> str:
    """A figure with its significant digits."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.3f}"


def _rate(name: str, figures: Mapping[str, Any]) -> Rate:
    low, high = figures["low"], figures["high"]
    unit = unit_of(name.partition(".")[0])
    return Rate(name, f"{short(figures['median'])} {unit}", f"{short(low)} to {short(high)}")


def unit_of(measurement: str) -> str:
    """The unit of a measurement. A mix has two, the rate and the processor time."""
    if measurement.startswith("traffic_"):
        return "µs a request" if measurement.endswith("_cpu") else "requests/s"
    return UNITS[measurement]


def _latencies(results: Mapping[str, Any]) -> list[str]:
    plan = results["plan"]
    lines = [
        f"| latency at {plan['rate']:,} requests a second | median | p99 | p99.9 | slowest | requests |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, cuts in results["latency_us"].items():
        figures = " | ".join(f"{short(cuts[cut] / 1000)} ms" for cut in ("p50", "p99", "p999", "most"))
        lines.append(f"| `{name}` | {figures} | {cuts['count']:,.0f} |")
    return [*lines, "", "![Latency of every system under the same rate](images/bench-latency.svg)"]


def _conditions(results: Mapping[str, Any]) -> list[str]:
    machine, plan, megabytes = results["machine"], results["plan"], results["plan"]["large_bytes"] // 2**20
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return [
        f"- {machine['cores']} cores ({machine['cpu']}), {machine['system']}, Python {machine['python']}.",
        f"- Load average before the run: {machine['load_before']}.",
        f"- {plan['rounds']} rounds of {plan['seconds']} s, {plan['connections']} connections.",
        f"- A page of {plan['page_bytes']} bytes; {plan['transfers']} transfers of {megabytes} MiB each way.",
        f"- Versions: {versions}.",
    ]
