"""The result as pictures (SVG) for the docs, readable on light and on dark paper. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.ratios import TARGETS, Target
from benchmarks.report import TITLES, short, with_unit
from mailgate.views import svg

WIDTH, LEFT, RIGHT, ROW, TOP = 900, 360, 200, 34, 84
MOST = 2.0
"""The greatest share that a bar shows: a figure that is a hundred times better would leave no room for the others."""
SHORTER: Mapping[str, str] = {
    "mixed_cpu_vs_nginx": "mixed, processor time: gate / nginx",
    "fresh_vs_nginx": "mixed, new user agents: gate / nginx",
    "mixed_vs_caddy_forward_auth": "mixed: gate / Caddy with forward_auth",
    "nginx_authz_mixed_vs_nginx": "mixed: nginx that asks / nginx",
    "nginx_authz_mixed_cached_vs_nginx": "mixed: the same, verdicts kept / nginx",
    "repeated_vs_mixed_cpu": "processor time: repeated / mixed",
    "refused_page_us": "refused phone: page",
    "refused_problem_us": "refused phone: problem document",
    "refused_activesync_us": "refused phone: ActiveSync status",
    "attested_known_us": "known token, new proof: one at a time",
    "attested_known_64_us": "known token, new proof: 64 at once",
    "eas_cold_million_us": "phone not in memory, a million stored",
    "gate_vs_caddy_forward_auth": "one page: gate / Caddy with forward_auth",
    "nginx_authz_vs_nginx": "one page: nginx that asks / nginx",
    "nginx_authz_cached_vs_nginx": "one page: the same, verdicts kept / nginx",
    "fresh_ua_vs_repeated": "one page: new user agents / one repeated",
    "rss_growth_mib": "memory growth over large transfers",
    "million_vs_thousand_p99": "decision p99: a million devices / a thousand",
    "simulate_million_s": "a plan over a million devices: time",
    "simulate_million_mib": "a plan over a million devices: memory",
    "retract_s": "rules taken back at two gates",
}
"""Titles that would otherwise not fit beside a bar."""
NOTE = f"The line is the target, longer is better; no bar is longer than {MOST:.0f} times the target."
STYLE = """\
.bar{fill:#8fa3b8}.own{fill:#2b6cb0}.bad{fill:#b3261e}
.mark{stroke:#1c2430;stroke-width:2}.line{fill:none;stroke:#2b6cb0;stroke-width:2}.grid{stroke:#d5dbe3}
@media (prefers-color-scheme:dark){.bar{fill:#66788c}
.own{fill:#6aa8e8}.bad{fill:#f2827a}.mark{stroke:#eef1f5}.line{stroke:#6aa8e8}.grid{stroke:#333c49}}
"""


class Bar(NamedTuple):
    """One row: its name, its length in the unit of all bars, the words after it, and its style."""

    title: str
    value: float
    words: str
    style: str = "bar"


def pictures(results: Mapping[str, Any]) -> dict[str, str]:
    """The file name and the text of each picture."""
    drawn = {"bench-targets.svg": targets(results), "bench-pages.svg": pages(results)}
    if "mixed_vs_nginx" in results["ratios"]:
        drawn["bench-mixed.svg"] = mixed(results)
    return drawn | ({"bench-latency.svg": latency(results)} if results["latency_us"] else {})


def targets(results: Mapping[str, Any]) -> str:
    """Each figure with a target, as a share of it. At the mark or beyond it the target is reached."""
    figures, found = {**results["ratios"], **results["absolute"]}, []
    for name, target in TARGETS.items():
        if (value := figures.get(name)) is not None:
            style = "own" if target.reached(value) else "bad"
            words = f"{with_unit(value, name)}{'' if target.reached(value) else ', not reached'}"
            found.append(Bar(SHORTER.get(name, TITLES[name]), share_of(target, value), words, style))
    return bars("Figures beside their targets", NOTE, found, MOST, 1.0)


def share_of(target: Target, value: float) -> float:
    """The figure as a share of its target, at most ``MOST``."""
    if not target.at_most:
        return min(MOST, value / target.limit)
    return MOST if value * MOST <= target.limit else target.limit / value


def pages(results: Mapping[str, Any]) -> str:
    """One small page, requested repeatedly, at every system."""
    return _rates("One page of 8 KiB, repeated: a second", "page.", results)


def mixed(results: Mapping[str, Any]) -> str:
    """Mixed traffic of every system."""
    return _rates("Mixed traffic: requests a second", "traffic_mixed.", results)


def _rates(title: str, measurement: str, results: Mapping[str, Any]) -> str:
    rates = {
        name.removeprefix(measurement): each["median"]
        for name, each in results["measured"].items()
        if name.startswith(measurement)
    }
    found = [
        Bar(name, rate, f"{short(rate)}/s", style_of(name)) for name, rate in sorted(rates.items(), key=_rate)
    ]
    return bars(title, "Median of all rounds, one core each.", found)


def latency(results: Mapping[str, Any]) -> str:
    """The median and p99 of each system at the same rate."""
    found = []
    for name, cuts in results["latency_us"].items():
        for cut, words in (("p50", "median"), ("p99", "p99")):
            milliseconds = cuts[cut] / 1000
            found.append(Bar(f"{name}, {words}", milliseconds, f"{short(milliseconds)} ms", style_of(name)))
    rate = results["plan"]["rate"]
    return bars(f"Latency at {rate:,} requests a second", "Shorter is better.", found)


def bars(title: str, note: str, found: Sequence[Bar], most: float = 0, mark: float = 0) -> str:
    """Bars below each other. ``mark`` is the place of a line through all of them; 0 for none."""
    height = TOP + ROW * len(found) + 20
    longest = most or max((bar.value for bar in found), default=1) or 1
    scale = (WIDTH - LEFT - RIGHT) / longest
    told = "; ".join(f"{bar.title}: {bar.words}" for bar in found)
    parts = []
    for index, bar in enumerate(found):
        top, length = TOP + ROW * index, max(2.0, bar.value * scale)
        parts.append(svg.text(LEFT - 12, top + 18, bar.title, "ink", "end"))
        parts.append(svg.bar(LEFT, top + 2, length, 22, bar.style))
        parts.append(svg.text(WIDTH - 30, top + 18, bar.words, "ink", "end"))
    if mark:
        place = LEFT + mark * scale
        parts.append(f'<path class="mark" d="M{place:.1f} {TOP - 6}V{height - 16}"/>')
    return svg.document(WIDTH, height, (title, note), told, STYLE, parts)


def curve(title: str, note: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """A line over minutes, from zero."""
    height, bottom, top = 320, 270, TOP
    width = WIDTH - 110
    last = max((x for x, _ in points), default=1) or 1
    most = max((y for _, y in points), default=1) * 1.1 or 1
    path = " ".join(
        f"{80 + x / last * width:.1f},{bottom - y / most * (bottom - top):.1f}" for x, y in points
    )
    told = f"From {short(points[0][1])} {unit} to {short(points[-1][1])} {unit} in {short(last)} minutes."
    parts = []
    for share in (0, 0.5, 1):
        line = bottom - share * (bottom - top)
        parts.append(svg.across(80, line, width))
        parts.append(svg.text(72, line + 5, f"{most * share:,.0f} {unit}", "soft", "end"))
    parts.append(f'<polyline class="line" points="{path}"/>')
    parts.append(svg.text(80, bottom + 26, "0", "soft"))
    parts.append(svg.text(80 + width, bottom + 26, f"{short(last)} minutes", "soft", "end"))
    return svg.document(WIDTH, height, (title, note), told, STYLE, parts)


def style_of(name: str) -> str:
    """The style of a bar, which highlights the gate."""
    return "own" if name == "mailgate" or name.startswith("nginx_authz") else "bar"


def _rate(each: tuple[str, float]) -> float:
    return -each[1]
