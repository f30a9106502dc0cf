"""The results as tables, for the terminal, ``docs/performance.md``, the README and that of this folder. Pure, but for what is kept.

``python -m benchmarks.report`` writes the pages again from the kept results.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import ge, le
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.machine import machine_line
from benchmarks.processes import ROOT

PAGE, WAYS, README = ROOT / "docs" / "performance.md", ROOT / "benchmarks" / "README.md", ROOT / "README.md"
KEPT = ROOT / "benchmarks" / "results"
Results = Mapping[str, Any]


class Figure(NamedTuple):
    """What is asked of a run: a ratio of two cells, or one cell if ``under`` is left out. A cell is a mix and a system. ``target``: how
    it is compared, and with what."""

    title: str
    kind: str
    over: tuple[str, str]
    under: tuple[str, str] | None = None
    target: tuple[str, float] | None = None


RATE, CPU = "rate", "cpu_us"
REFUSED = {"refused_page": ("page", 150), "refused_problem": ("problem document", 80), "refused_activesync": ("ActiveSync status", 80)}  # fmt: skip
FIGURES: tuple[Figure, ...] = (
    Figure("mixed: gate / nginx", RATE, ("mixed", "gate"), ("mixed", "nginx"), target=("≥", 0.7)),
    Figure("page: gate / nginx", RATE, ("page", "gate"), ("page", "nginx"), target=("≥", 0.7)),
    Figure("fresh: gate / nginx", RATE, ("fresh", "gate"), ("fresh", "nginx"), target=("≥", 0.45)),
    Figure("mixed, processor time: gate / nginx", CPU, ("mixed", "gate"), ("mixed", "nginx"), target=("≤", 2.2)),
    Figure("page, processor time: gate / nginx", CPU, ("page", "gate"), ("page", "nginx"), target=("≤", 2.2)),
    Figure("mixed: gate / Caddy", RATE, ("mixed", "gate"), ("mixed", "caddy"), target=("≥", 2)),
    Figure("mixed: gate / Caddy with forward_auth", RATE, ("mixed", "gate"), ("mixed", "caddy_forward_auth"), target=("≥", 3)),
    Figure("mixed: nginx that asks / nginx", RATE, ("mixed", "asks"), ("mixed", "nginx"), target=("≥", 0.5)),
    Figure("mixed: nginx that keeps for 2 s / nginx", RATE, ("mixed", "keeps"), ("mixed", "nginx"), target=("≥", 0.7)),
    Figure("one request repeated / mixed", CPU, ("repeated", "gate"), ("mixed", "gate"), target=("≥", 1 / 1.5)),
    Figure("browsers that passed the probe / without", CPU, ("probed", "gate_probing"), ("proxied", "gate_behind"), target=("≤", 1.15)),
    Figure("a person named by a proxy / without", CPU, ("named", "gate_behind"), ("proxied", "gate_behind"), target=("≤", 1.15)),
    *(Figure(f"refused again: {what}", CPU, (mix, "gate_10"), target=("≤", most)) for mix, (what, most) in REFUSED.items()),
    *(Figure(f"{what}: 1,000 rules / 10", CPU, (mix, "gate_1000"), (mix, "gate_10"), ("≤", 1.5)) for mix, (what, _) in REFUSED.items()),
    Figure("attested, new proof", CPU, ("attested", "gate_devices"), target=("≤", 400)),
    Figure("verdict for a browser that asks again: unchanged", CPU, ("looks_again", "gate_browsers"), target=("≤", 300)),
    Figure("the same, told", CPU, ("looks", "gate_browsers"), target=("≤", 300)),
    Figure("report of a browser", CPU, ("reports", "gate_browsers"), target=("≤", 1500)),
    Figure("mail app of a phone in memory", CPU, ("known_phones", "gate_devices")),
    Figure("mail app of another phone", CPU, ("cold_phones", "gate_devices")),
    Figure("64 MiB download: gate / nginx", "download", ("transfers", "gate"), ("transfers", "nginx"), target=("≥", 1.0)),
    Figure("64 MiB upload: gate / nginx", "upload", ("transfers", "gate"), ("transfers", "nginx"), target=("≥", 0.8)),
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
        yield Row(
            "MiB of memory that the transfers add", short(growth), "", f"≤ 16{'' if growth <= 16 else ' ✗'}"
        )


def values_of(figure: Figure, found: Results) -> list[float]:
    """One value a round. A ratio is one of figures of the same round, since a disturbance affects both of its sides."""
    over = _samples(found, figure.over, figure.kind)
    if figure.under is None:
        return over
    return [a / b for a, b in zip(over, _samples(found, figure.under, figure.kind), strict=False) if b]


def _samples(found: Results, cell: tuple[str, str], kind: str) -> list[float]:
    mix, system = cell
    if mix == "transfers":
        return list(found["transfers"].get(kind, {}).get(system, ()))
    return [each[kind] for each in found["mixes"].get(mix, {}).get(system, ())]


def _row(figure: Figure, values: Sequence[float]) -> Row:
    def told(value: float) -> str:
        return f"{value:.2f}" if figure.under else short(value)

    middle, target = statistics.median(values), ""
    if figure.target:
        sign, limit = figure.target
        target = f"{sign} {told(limit)}{'' if {'≥': ge, '≤': le}[sign](middle, limit) else ' ✗'}"
    return Row(figure.title, told(middle), f"{told(min(values))}–{told(max(values))}", target)


def short(value: float) -> str:
    """A figure with its significant digits."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rule = "---|" if len(headings) == 2 else "---:|" * (len(headings) - 1)
    rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([f"| {' | '.join(headings)} |", f"|---|{rule}", *rest])


def of_figures(found: Results) -> str:
    return _table(("what", "median", "rounds", "target"), rows(found))


def of_systems(found: Results) -> str:
    """Each mix at its systems: the rate, and the processor time in brackets."""
    lines = []
    for mix, cells in found["mixes"].items():
        told = []
        for name in (each for each in TITLES if each in cells):
            rate, cpu = (short(statistics.median(_samples(found, (mix, name), kind))) for kind in (RATE, CPU))
            told.append(f"{TITLES[name]} {rate} ({cpu})")
        lines.append([f"`{mix}`", ", ".join(told)])
    return _table(("mix", "requests a second (µs of a processor for each)"), lines)


def markdown(found: Results) -> str:
    """The part of ``make bench`` of the page."""
    plan, memory, cells = found["plan"], found["memory_mib"], found["mixes"].values()
    load = statistics.median(
        each["load_us"] for systems in cells for taken in systems.values() for each in taken
    )
    held = (
        f"{name.replace('_', '-')} {' and '.join(map(short, memory[name]))}"
        for name in ("nginx", "caddy", "gate", "gate_devices")
    )
    return f"""{headline(found)}

Ratios, and µs of a processor for a request; ✗: the target is not reached.

{of_figures(found)}

- {machine_line(found["machine"])}
- `make bench`: {plan["rounds"]} rounds of {plan["seconds"]} s, {plan["connections"]} connections.
- wrk itself took {short(load)} µs of a processor for a request.
- Memory after the warm-up and at the end, in MiB: {", ".join(held)}.
- {", ".join(f"{name} {version}" for name, version in found["versions"].items())}."""


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
    loads = found["loads"].values()
    spent = {
        stage: [load["stages"].get(stage, 0.0) for load in loads]
        for stage in {stage for load in loads for stage in load["stages"]}
        if any(load["stages"].get(stage, 0.0) >= SMALLEST * load["whole"] for load in loads)
    }
    lines = [
        [stage, *(f"{each:.1f}" if each >= 0.5 else "" for each in spent[stage])]
        for stage in sorted(spent, key=lambda stage: -max(spent[stage]))
    ]
    lines.append(["the whole", *(f"{load['whole']:.0f}" for load in loads)])
    return f"{machine_line(found['machine'])}\n\n{_table(('µs', *found['loads']), lines)}"


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


def devices_markdown(kept: Results) -> str:
    """A million devices: a column for each store."""
    stores = {name: kept[name] for name in ("SQLite", "PostgreSQL") if name in kept}
    lines = [
        [title, *(_at(each, path, unit) for each in stores.values())] for title, path, unit in OF_DEVICES
    ]
    told = "\n".join(
        f"- {name}: {each['devices']:,} devices. {machine_line(each['machine'])}"
        for name, each in stores.items()
    )
    slow = {
        name: sorted(each["pages"], key=lambda page: -each["pages"][page]["median_ms"])
        for name, each in stores.items()
    }
    titles = list(dict.fromkeys(title for pages in slow.values() for title in pages[:SLOWEST]))
    pages = [[title, *(_page(each["pages"].get(title)) for each in stores.values())] for title in titles]
    counted = ", ".join(f"{len(pages)} on {name}" for name, pages in slow.items())
    return f"""{told}

{_table(("what", *stores), lines)}

The slowest pages of the console, of {counted}: median and worst.

{_table(("page", *stores), pages)}"""


def _at(store: Results, path: tuple[str, ...], unit: str) -> str:
    value = reduce(lambda part, key: part.get(key, {}), path, store)
    return f"{value:,} {unit}".rstrip() if isinstance(value, int | float) else ""


def _page(told: Results | None) -> str:
    return f"{told['median_ms']:.0f}, {told['worst_ms']:.0f} ms" if told else ""


HELD = {
    "memory_mib": "memory, MiB",
    "files": "open files",
    "tasks": "tasks",
    "threads": "threads",
    "objects": "objects",
}
"""What a gate holds, and its title."""


def soak_markdown(found: Results) -> str:
    """What two gates held and how many rows the tables had that grew: a column for each of some minutes."""
    notes = found["notes"]
    shown = [notes[round(share * (len(notes) - 1))] for share in (0, 0.25, 1)]
    minutes = [f"minute {each['minute']}" for each in shown]
    held = [
        [title, *(f"{max(gate[key] for gate in each['gates']):,.0f}" for each in shown)]
        for key, title in HELD.items()
    ]
    tables = sorted({name for each in shown for name in each["rows"]})
    counts = [[f"`{name}`", *(f"{each['rows'].get(name, 0):,}" for each in shown)] for name in tables]
    rows = [each for each in counts if len({*each}) > 2]
    ended = ", ".join(f"{count:,} {how}" for how, count in sorted(found["requests"].items()))
    return f"""{found["store"]}. {machine_line(found["machine"])}

{_table(("the larger of two gates", *minutes), held)}

{_table(("rows of", *minutes), rows)}

{len(tables) - len(rows)} other tables stayed as they were. Requests: {ended}."""


TOLD: Mapping[Path, Mapping[str, tuple[str, Callable[[Results], str]]]] = {
    PAGE: {"make bench writes": ("latest", markdown), "the devices are written": ("devices", devices_markdown), "the soak is written": ("soak", soak_markdown)},
    WAYS: {"make bench writes": ("latest", of_systems), "the parts are written": ("parts", parts_markdown)},
    README: {"make bench writes": ("latest", headline)},
}  # fmt: skip
"""Of each page, what is written between which lines: the kept results, and how they are told."""


def page_of(path: Path) -> str:
    """A page with all its tables."""
    page = path.read_text("utf-8")
    for what, (name, told) in TOLD[path].items():
        page = between(page, f"<!-- {what} from here -->", f"<!-- {what} to here -->", told(kept(name)))
    return page


def between(page: str, begin: str, end: str, text: str) -> str:
    """The page with this text between two markers. Raises ValueError if one is missing."""
    before, first, rest = page.partition(begin)
    _, last, after = rest.partition(end)
    if not first or not last:
        raise ValueError(f"the page has no part from `{begin}` to `{end}`")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def kept(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((KEPT / f"{name}.json").read_text("utf-8"))
    return found


def keep(name: str, results: Results) -> None:
    """Keep results, with four significant digits, and write them into the docs; more is noise."""
    rounded = json.loads(json.dumps(results), parse_float=lambda text: float(f"{float(text):.4g}"))
    (KEPT / f"{name}.json").write_text(json.dumps(rounded, indent=1) + "\n", "utf-8")
    write()


def write() -> None:
    for path in TOLD:
        path.write_text(page_of(path), "utf-8")


if __name__ == "__main__":
    write()
