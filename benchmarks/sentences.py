"""The results of a run in sentences with its figures, for ``docs/performance.md`` and the README. Pure."""

from collections.abc import Mapping
from typing import Any

from benchmarks.ratios import TARGETS
from benchmarks.report import TITLES, between, short

BEGIN, END = "<!-- make bench writes the sentences from here -->", "<!-- the sentences to here -->"
NOTHING = "No run has measured mixed traffic yet."
PICTURE = "![Mixed traffic: requests a second of every system](images/bench-mixed.svg)"


def headline(results: Mapping[str, Any]) -> str:
    """Mixed traffic, compared with the other systems of the run."""
    others = {
        "mixed_vs_nginx": "nginx as a plain reverse proxy",
        "mixed_vs_caddy": "Caddy",
        "mixed_vs_caddy_forward_auth": "Caddy with forward_auth",
    }
    shares = [
        f"{_times(results, name)} of {who}" for name, who in others.items() if name in results["ratios"]
    ]
    if "mixed_vs_nginx" not in results["ratios"]:
        return NOTHING
    return f"On mixed traffic, as a webmail sees it, the gate's rate is **{_listed(shares)}**.{_processor(results)}"


def sentences(results: Mapping[str, Any]) -> str:
    """The headline, the next results, and the reached targets."""
    found = [
        headline(results),
        _floor(results),
        _variants(results),
        _asking(results),
        _load(results),
        _reached(results),
    ]
    picture = [PICTURE] if "mixed_vs_nginx" in results["ratios"] else []
    return "\n\n".join([*(each for each in found if each), *picture])


def replaced(page: str, results: Mapping[str, Any]) -> str:
    """The page with its sentences replaced. Raises ValueError if a marker is missing."""
    return between(page, BEGIN, END, sentences(results))


def replaced_headline(page: str, results: Mapping[str, Any]) -> str:
    """The same with only the headline."""
    return between(page, BEGIN, END, headline(results))


def _processor(results: Mapping[str, Any]) -> str:
    taken = results["measured"].get("traffic_mixed_cpu.mailgate")
    if not taken or "mixed_cpu_vs_nginx" not in results["ratios"]:
        return ""
    return f" A request takes {short(taken['median'])} µs of a processor, {_times(results, 'mixed_cpu_vs_nginx')} what it takes nginx."


def _floor(results: Mapping[str, Any]) -> str:
    """The least cost of any proxy in Python."""
    taken = {
        who: results["measured"].get(f"traffic_mixed_cpu.{who}") for who in ("relay", "mailgate", "nginx")
    }
    if not all(taken.values()):
        return ""
    relay, gate, nginx = (short(each["median"]) for each in taken.values())
    return (
        f"A relay in Python on uvloop that reads nothing takes {relay} µs for such a request, and nginx {nginx} µs; what the gate"
        f" takes beyond the relay, of {gate} µs, goes into reading, deciding, counting and writing both messages."
    )


def _variants(results: Mapping[str, Any]) -> str:
    told = {
        "page_vs_nginx": "pages alone",
        "fresh_vs_nginx": "a user agent that is new in every request",
        "proxied_vs_nginx": "clients behind a trusted proxy",
    }
    shares = [
        f"{_times(results, name)} with {what}" for name, what in told.items() if name in results["ratios"]
    ]
    return f"Beside nginx it is {_listed(shares)}." if shares else ""


def _asking(results: Mapping[str, Any]) -> str:
    told = {
        "nginx_authz_mixed_vs_nginx": "that asks the gate about each request",
        "nginx_authz_mixed_cached_vs_nginx": "that keeps verdicts for 2 s",
    }
    shares = [f"{what} {_times(results, name)}" for name, what in told.items() if name in results["ratios"]]
    return f"Of a plain nginx's rate, one {_listed(shares)}." if shares else ""


def _load(results: Mapping[str, Any]) -> str:
    shares = results.get("load_shares")
    if not shares:
        return ""
    return f"The load itself took at most {max(shares.values()):.0%} of one processor."


def _reached(results: Mapping[str, Any]) -> str:
    figures = {**results["ratios"], **results["absolute"]}
    measured = [name for name in TARGETS if name in figures]
    missed = [TITLES[name] for name in measured if not TARGETS[name].reached(figures[name])]
    unmeasured = len(TARGETS) - len(measured)
    told = f"Of {len(TARGETS)} targets {len(measured) - len(missed)} are reached"
    told += f", {len(missed)} are not: {'; '.join(missed)}" if missed else ""
    return f"{told}. Not measured: {unmeasured}." if unmeasured else f"{told}."


def _times(results: Mapping[str, Any], name: str) -> str:
    return f"{results['ratios'][name]:.2f} ×"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
