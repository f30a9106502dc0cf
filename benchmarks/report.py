"""The results as tables, for the terminal, ``docs/performance.md``, the README and that of this folder. Pure, but for what is kept.

``python -m benchmarks.report`` writes the pages again from the kept results.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import machine_line
from benchmarks.processes import ROOT

PAGE, WAYS, README = ROOT / "docs" / "performance.md", ROOT / "benchmarks" / "README.md", ROOT / "README.md"
KEPT = ROOT / "benchmarks" / "results"
Results = Mapping[str, Any]


class Figure(NamedTuple):
    """What is asked of a run: a ratio of two cells, or one cell if ``under`` is left out. A cell is a mix and a system."""

    title: str
    kind: str
    over: tuple[str, str]
    under: tuple[str, str] | None = None
    at_least: float | None = None
    at_most: float | None = None


RATE, CPU = "rate", "cpu_us"
FIGURES: tuple[Figure, ...] = (
    Figure("mixed: gate / nginx", RATE, ("mixed", "gate"), ("mixed", "nginx"), at_least=0.7),
    Figure("page: gate / nginx", RATE, ("page", "gate"), ("page", "nginx"), at_least=0.7),
    Figure("fresh: gate / nginx", RATE, ("fresh", "gate"), ("fresh", "nginx"), at_least=0.45),
    Figure("mixed, processor time: gate / nginx", CPU, ("mixed", "gate"), ("mixed", "nginx"), at_most=2.2),
    Figure("page, processor time: gate / nginx", CPU, ("page", "gate"), ("page", "nginx"), at_most=2.2),
    Figure("mixed: gate / Caddy", RATE, ("mixed", "gate"), ("mixed", "caddy"), at_least=2),
    Figure("mixed: gate / Caddy with forward_auth", RATE, ("mixed", "gate"), ("mixed", "caddy_forward_auth"), at_least=3),
    Figure("mixed: nginx that asks / nginx", RATE, ("mixed", "asks"), ("mixed", "nginx"), at_least=0.5),
    Figure("mixed: nginx that keeps for 2 s / nginx", RATE, ("mixed", "keeps"), ("mixed", "nginx"), at_least=0.7),
    Figure("one request repeated / mixed", CPU, ("repeated", "gate"), ("mixed", "gate"), at_least=1 / 1.5),
    Figure("browsers that passed the probe / without", CPU, ("probed", "gate_probing"), ("proxied", "gate_behind"), at_most=1.15),
    Figure("a person named by a proxy / without", CPU, ("named", "gate_behind"), ("proxied", "gate_behind"), at_most=1.15),
    Figure("refused again: page", CPU, ("refused_page", "gate_10"), at_most=150),
    Figure("refused again: problem document", CPU, ("refused_problem", "gate_10"), at_most=80),
    Figure("refused again: ActiveSync status", CPU, ("refused_activesync", "gate_10"), at_most=80),
    Figure("page: 1,000 rules / 10", CPU, ("refused_page", "gate_1000"), ("refused_page", "gate_10"), at_most=1.5),
    Figure("problem document: 1,000 rules / 10", CPU, ("refused_problem", "gate_1000"), ("refused_problem", "gate_10"), at_most=1.5),
    Figure("ActiveSync status: 1,000 rules / 10", CPU, ("refused_activesync", "gate_1000"), ("refused_activesync", "gate_10"), at_most=1.5),
    Figure("attested, new proof", CPU, ("attested", "gate_devices"), at_most=400),
    Figure("verdict for a browser that asks again: unchanged", CPU, ("looks_again", "gate_browsers"), at_most=300),
    Figure("the same, told", CPU, ("looks", "gate_browsers"), at_most=300),
    Figure("report of a browser", CPU, ("reports", "gate_browsers"), at_most=1500),
    Figure("mail app of a phone in memory", CPU, ("known_phones", "gate_devices")),
    Figure("mail app of another phone", CPU, ("cold_phones", "gate_devices")),
    Figure("64 MiB download: gate / nginx", "download", ("transfers", "gate"), ("transfers", "nginx"), at_least=1.0),
    Figure("64 MiB upload: gate / nginx", "upload", ("transfers", "gate"), ("transfers", "nginx"), at_least=0.8),
)  # fmt: skip
"""Every figure with its target."""
TITLES = {
    "nginx": "nginx",
    "haproxy": "HAProxy",
    "caddy": "Caddy",
    "caddy_forward_auth": "Caddy with forward_auth",
    "asks": "nginx that asks",
    "keeps": "nginx that keeps",
    **dict.fromkeys(("gate", "gate_behind", "gate_probing", "gate_devices", "gate_browsers"), "gate"),
    "gate_10": "10 rules",
    "gate_1000": "1,000 rules",
}


class Row(NamedTuple):
    """``spread``: the lowest and the highest of all rounds. ``target``: with a ✗ if it is not reached; empty without one."""

    title: str
    value: str
    spread: str
    target: str


def rows(found: Results) -> Iterator[Row]:
    """The figures that this run has."""
    for figure in FIGURES:
        if values := values_of(figure, found):
            yield _row(figure, values)
    if growth := found.get("growth_mib", {}).get("gate"):
        yield Row("MiB of memory that the transfers add", short(growth), "", _target("≤ 16", growth <= 16))


def values_of(figure: Figure, found: Results) -> list[float]:
    """One value a round. A ratio is one of figures of the same round, since a disturbance affects both of its sides."""
    over = _samples(found, figure.over, figure.kind)
    if figure.under is None:
        return over
    under = _samples(found, figure.under, figure.kind)
    return [a / b for a, b in zip(over, under, strict=False) if b]


def _samples(found: Results, cell: tuple[str, str], kind: str) -> list[float]:
    mix, system = cell
    if mix == "transfers":
        return list(found["transfers"].get(kind, {}).get(system, ()))
    return [each[kind] for each in found["mixes"].get(mix, {}).get(system, ())]


def _row(figure: Figure, values: Sequence[float]) -> Row:
    middle, target = statistics.median(values), ""
    if figure.at_least is not None:
        target = _target(f"≥ {_told(figure, figure.at_least)}", middle >= figure.at_least)
    if figure.at_most is not None:
        target = _target(f"≤ {_told(figure, figure.at_most)}", middle <= figure.at_most)
    spread = f"{_told(figure, min(values))}–{_told(figure, max(values))}"
    return Row(figure.title, _told(figure, middle), spread, target)


def _target(target: str, reached: bool) -> str:
    return target if reached else f"{target} ✗"


def _told(figure: Figure, value: float) -> str:
    return f"{value:.2f}" if figure.under else short(value)


def systems(found: Results) -> Iterator[list[str]]:
    """Each mix at its systems: the rate, and the processor time in brackets."""
    for mix, cells in found["mixes"].items():
        told = []
        for name in (each for each in TITLES if each in cells):
            rate, cpu = (short(statistics.median(_samples(found, (mix, name), kind))) for kind in (RATE, CPU))
            told.append(f"{TITLES[name]} {rate} ({cpu})")
        yield [f"`{mix}`", ", ".join(told)]


HEADINGS = ("what", "median", "rounds", "target")
OF_SYSTEMS = ("mix", "requests a second (µs of a processor for each)")


def figures(found: Results) -> list[str]:
    return [*_table(HEADINGS, rows(found)), "", *_table(OF_SYSTEMS, systems(found))]


def markdown(found: Results) -> str:
    """The part of ``make bench`` of the page."""
    plan, memory, cells = found["plan"], found["memory_mib"], found["mixes"].values()
    load = statistics.median(
        each["load_us"] for systems in cells for taken in systems.values() for each in taken
    )
    held = (
        f"{name.replace('_', '-')} {short(memory[name][0])} and {short(memory[name][1])}"
        for name in ("nginx", "caddy", "gate", "gate_devices")
    )
    return "\n".join(
        [
            headline(found),
            "",
            "Ratios, and µs of a processor for a request; ✗: the target is not reached.",
            "",
            *_table(HEADINGS, rows(found)),
            "",
            f"- {machine_line(found['machine'])}",
            f"- `make bench`: {plan['rounds']} rounds of {plan['seconds']} s, {plan['connections']} connections.",
            f"- wrk itself took {short(load)} µs of a processor for a request.",
            f"- Memory after the warm-up and at the end, in MiB: {', '.join(held)}.",
            f"- {', '.join(f'{name} {version}' for name, version in found['versions'].items())}.",
        ]
    )


def headline(found: Results) -> str:
    """Mixed traffic beside nginx and Caddy, in a sentence."""
    told = {row.title: row.value for row in rows(found)}
    cpu = statistics.median(_samples(found, ("mixed", "gate"), CPU))
    return (
        f"On mixed traffic, as a webmail sees it, the gate's rate is **{told['mixed: gate / nginx']} × of nginx as a plain"
        f" reverse proxy, {told['mixed: gate / Caddy']} × of Caddy and {told['mixed: gate / Caddy with forward_auth']} × of"
        f" Caddy with forward_auth**. A request takes {short(cpu)} µs of a processor,"
        f" {told['mixed, processor time: gate / nginx']} × what it takes nginx."
    )


SMALLEST = 0.07
"""The share of a request that a stage needs in some load to be shown."""


def parts_markdown(found: Results) -> str:
    """The processor time of a request in µs: a row for each stage, a column for each load."""
    loads = found["loads"]
    shown = {
        stage
        for load in loads.values()
        for stage, spent in load["stages"].items()
        if spent >= SMALLEST * load["whole"]
    }
    slowest = {stage: max(load["stages"].get(stage, 0.0) for load in loads.values()) for stage in shown}
    lines = [
        [stage, *(_cell(load["stages"].get(stage, 0.0)) for load in loads.values())]
        for stage in sorted(shown, key=lambda stage: -slowest[stage])
    ]
    lines.append(["the whole", *(f"{load['whole']:.0f}" for load in loads.values())])
    return "\n".join([machine_line(found["machine"]), "", *_table(("µs", *loads), lines)])


def _cell(spent: float) -> str:
    return f"{spent:.1f}" if spent >= 0.5 else ""


def devices_markdown(kept: Results) -> str:
    """A million devices: a column for each store."""
    stores = {name: kept[name] for name in ("SQLite", "PostgreSQL") if name in kept}
    lines = [
        [title, *(_at(each, path, unit) for each in stores.values())] for title, path, unit in OF_DEVICES
    ]
    told = [
        f"- {name}: {each['devices']:,} devices. {machine_line(each['machine'])}"
        for name, each in stores.items()
    ]
    slow = {
        name: sorted(each["pages"].items(), key=lambda page: -page[1]["median_ms"])
        for name, each in stores.items()
    }
    titles = list(dict.fromkeys(title for pages in slow.values() for title, _ in pages[:SLOWEST]))
    pages = [[title, *(_page(each["pages"].get(title)) for each in stores.values())] for title in titles]
    counted = ", ".join(f"{len(pages)} on {name}" for name, pages in slow.items())
    return "\n".join(
        [
            *told,
            "",
            *_table(("what", *stores), lines),
            "",
            f"The slowest pages of the console, of {counted}: median and worst.",
            "",
            *_table(("page", *stores), pages),
        ]
    )


SLOWEST = 4
OF_DEVICES = (
    ("time to import all but the first thousand", ("import_seconds",), "s"),
    ("the gate's processor time for it, SQLite's work included", ("import_processor_seconds",), "s"),
    ("new devices a second", ("import_per_second",), ""),
    ("devices a second that say what is known", ("same_again_per_second",), ""),
    ("memory that the import adds", ("import_memory_growth_mib",), "MiB"),
    ("decision about a phone not in memory, median", ("decision_many_us", "median"), "µs"),
    ("the same, processor time of the gate (at most 400 µs)", ("decision_many_us", "processor"), "µs"),
    ("the same, p99", ("decision_many_us", "p99"), "µs"),
    ("p99: with all stored / with a thousand (at most 1.2 ×)", ("p99_many_vs_few",), "×"),
    ("a plan over all devices (at most 45 s)", ("plan", "seconds"), "s"),
    ("its processor time, of all processes", ("plan", "cpu_seconds"), "s"),
    ("its memory, of all processes together (at most 1,024 MiB)", ("plan", "mib"), "MiB"),
)


def _at(store: Results, path: tuple[str, ...], unit: str) -> str:
    value: Any = store
    for key in path:
        value = value.get(key, {})
    return f"{value:,} {unit}".rstrip() if isinstance(value, int | float) else ""


def _page(told: Results | None) -> str:
    return f"{told['median_ms']:.0f}, {told['worst_ms']:.0f} ms" if told else ""


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    rule = "---|" if len(headings) == 2 else "---:|" * (len(headings) - 1)
    begin = [f"| {' | '.join(headings)} |", f"|---|{rule}"]
    return [*begin, *(f"| {' | '.join(line)} |" for line in lines)]


def short(value: float) -> str:
    """A figure with its significant digits."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


HELD = (
    ("memory_mib", "memory, MiB"),
    ("files", "open files"),
    ("tasks", "tasks"),
    ("threads", "threads"),
    ("objects", "objects"),
)
"""What a gate holds, and its title."""


def soak_markdown(found: Results) -> str:
    """What two gates held and how many rows the tables had that grew: a column for each of some minutes."""
    notes = found["notes"]
    shown = [notes[round(share * (len(notes) - 1))] for share in (0, 0.25, 1)]
    minutes = [f"minute {each['minute']}" for each in shown]
    held = [
        [title, *(f"{max(gate[key] for gate in each['gates']):,.0f}" for each in shown)]
        for key, title in HELD
    ]
    tables = sorted({name for each in shown for name in each["rows"]})
    counts = [[f"`{name}`", *(f"{each['rows'].get(name, 0):,}" for each in shown)] for name in tables]
    rows = [each for each in counts if len({*each}) > 2]
    ended = ", ".join(f"{count:,} {how}" for how, count in sorted(found["requests"].items()))
    return "\n".join(
        [
            f"{found['store']}. {machine_line(found['machine'])}",
            "",
            *_table(("the larger of two gates", *minutes), held),
            "",
            *_table(("rows of", *minutes), rows),
            "",
            f"{len(tables) - len(rows)} other tables stayed as they were. Requests: {ended}.",
        ]
    )


TOLD: Mapping[Path, Mapping[str, tuple[str, Callable[[Results], str]]]] = {
    PAGE: {"make bench writes": ("latest", markdown), "the devices are written": ("devices", devices_markdown), "the soak is written": ("soak", soak_markdown)},
    WAYS: {"make bench writes": ("latest", lambda found: "\n".join(_table(OF_SYSTEMS, systems(found)))), "the parts are written": ("parts", parts_markdown)},
    README: {"make bench writes": ("latest", headline)},
}  # fmt: skip
"""Of each page, what is written between which lines: the kept results, and how they are told."""


def page_of(path: Path) -> str:
    """A page with all its tables."""
    page = path.read_text("utf-8")
    for what, (name, told) in TOLD[path].items():
        page = between(
            page, f"<!-- {what} from here -->", f"<!-- {what} to here -->", told(kept(f"{name}.json"))
        )
    return page


def between(page: str, begin: str, end: str, text: str) -> str:
    """The page with this text between two markers. Raises ValueError if one is missing."""
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"the page has no part from `{begin}` to `{end}`")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def kept(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((KEPT / name).read_text("utf-8"))
    return found


def keep(name: str, results: Results) -> None:
    """Keep results, rounded, and write them into the docs."""
    (KEPT / name).write_text(json.dumps(_rounded(results), indent=1) + "\n", "utf-8")
    write()


def _rounded(value: Any) -> Any:
    """The same with four significant digits; more is noise."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def write() -> None:
    for path in TOLD:
        path.write_text(page_of(path), "utf-8")


if __name__ == "__main__":
    write()
