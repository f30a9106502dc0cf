"""The results as tables, for the terminal, ``docs/performance.md``, the README and that of this folder. Pure, but for what is kept.

``python -m benchmarks.report`` writes the pages again from the kept results.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import ge, le
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers import PEERS
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
    Figure("MiB of memory that the transfers add", "memory", ("transfers", "gate"), target=("≤", 16)),
)  # fmt: skip
"""Every figure with its target."""


def rows(found: Results) -> Iterator[tuple[str, str, str, str]]:
    """The figures that this run has: title, median, the lowest and the highest of several rounds, and the target, with a ✗ if it is
    not reached."""
    for figure in FIGURES:
        if values := values_of(figure, found):
            yield _row(figure, values)


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


def _row(figure: Figure, values: Sequence[float]) -> tuple[str, str, str, str]:
    def told(value: float) -> str:
        return f"{value:.2f}" if figure.under else short(value)

    middle, target = statistics.median(values), ""
    if figure.target:
        sign, limit = figure.target
        target = f"{sign} {told(limit)}{'' if {'≥': ge, '≤': le}[sign](middle, limit) else ' ✗'}"
    spread = f"{told(min(values))}–{told(max(values))}" if len(values) > 1 else ""
    return figure.title, told(middle), spread, target


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
        for name in (each for each in PEERS if each in cells):
            rate, cpu = (short(statistics.median(_samples(found, (mix, name), kind))) for kind in (RATE, CPU))
            told.append(f"{PEERS[name][0]} {rate} ({cpu})")
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

- {found["machine"]}
- `make bench`: {plan["rounds"]} rounds of {plan["seconds"]} s, {plan["connections"]} connections.
- wrk itself took {short(load)} µs of a processor for a request.
- Memory after the warm-up and at the end, in MiB: {", ".join(held)}.
- {", ".join(f"{name} {version}" for name, version in found["versions"].items())}."""


def headline(found: Results) -> str:
    """Mixed traffic beside nginx and Caddy, in a sentence."""
    told = {title: middle for title, middle, *_ in rows(found)}
    cpu = statistics.median(_samples(found, ("mixed", "gate"), CPU))
    return (
        f"On mixed traffic, as a webmail sees it, the gate's rate is **{told['mixed: gate / nginx']} × of nginx as a plain"
        f" reverse proxy, {told['mixed: gate / Caddy']} × of Caddy and {told['mixed: gate / Caddy with forward_auth']} × of"
        f" Caddy with forward_auth**. A request takes {short(cpu)} µs of a processor,"
        f" {told['mixed, processor time: gate / nginx']} × what it takes nginx."
    )


SMALLEST = 0.07
"""The share of a request that a stage needs in some load to be shown."""


def of_parts(found: Results) -> str:
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
    return f"{found['machine']}\n\n{_table(('µs', *found['loads']), lines)}"


SLOWEST = 4


def of_devices(kept: Results) -> str:
    """A million devices: a column for each store."""
    stores = {name: kept[name] for name in ("SQLite", "PostgreSQL") if name in kept}
    told = "\n".join(f"- {name}: {each['machine']}" for name, each in stores.items())
    figures = list(dict.fromkeys(title for each in stores.values() for title in each["figures"]))
    slow = {
        name: sorted(each["pages"].items(), key=lambda page: -page[1][0]) for name, each in stores.items()
    }
    pages = list(dict.fromkeys(title for each in slow.values() for title, _ in each[:SLOWEST]))
    counted = ", ".join(f"{len(each)} on {name}" for name, each in slow.items())

    def lines(titles: Sequence[str], kind: str, form: str) -> list[list[str]]:
        cells = ([each[kind].get(title) for each in stores.values()] for title in titles)
        return [
            [title, *(form.format(*each).rstrip() if each else "" for each in row)]
            for title, row in zip(titles, cells, strict=True)
        ]

    return f"""{told}

{_table(("what", *stores), lines(figures, "figures", "{:,} {}"))}

The slowest pages of the console, of {counted}: median and worst.

{_table(("page", *stores), lines(pages, "pages", "{:.0f}, {:.0f} ms"))}"""


def of_soak(found: Results) -> str:
    """What two gates held and how many rows the tables had that grew: a column for each of some minutes."""
    notes = found["notes"]
    shown = [notes[round(share * (len(notes) - 1))] for share in (0, 0.25, 1)]
    minutes = [f"minute {each['minute']}" for each in shown]
    held = [
        [title, *(f"{max(gate[title] for gate in each['gates']):,.0f}" for each in shown)]
        for title in shown[0]["gates"][0]
    ]
    tables = sorted({name for each in shown for name in each["rows"]})
    counts = [[f"`{name}`", *(f"{each['rows'].get(name, 0):,}" for each in shown)] for name in tables]
    rows = [each for each in counts if len({*each}) > 2]
    ended = ", ".join(f"{count:,} {how}" for how, count in sorted(found["requests"].items()))
    return f"""{found["machine"]}

{_table(("the larger of two gates", *minutes), held)}

{_table(("rows of", *minutes), rows)}

{len(tables) - len(rows)} other tables stayed as they were. Requests: {ended}."""


TOLD: Mapping[Path, Mapping[str, tuple[str, Callable[[Results], str]]]] = {
    PAGE: {"make bench writes": ("latest", markdown), "the devices are written": ("devices", of_devices), "the soak is written": ("soak", of_soak)},
    WAYS: {"make bench writes": ("latest", of_systems), "the parts are written": ("parts", of_parts)},
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
    return dict(json.loads((KEPT / f"{name}.json").read_text("utf-8")))


def finish(name: str, tell: Callable[[Results], str], results: Results, keep: bool) -> None:
    """Print results. With ``keep``, keep them with four significant digits, since more is noise, and write them into the docs."""
    print(tell(results))
    if keep:
        rounded = json.loads(json.dumps(results), parse_float=lambda text: float(f"{float(text):.4g}"))
        (KEPT / f"{name}.json").write_text(json.dumps(rounded, indent=1) + "\n", "utf-8")
        write()


def write() -> None:
    for path in TOLD:
        path.write_text(page_of(path), "utf-8")


if __name__ == "__main__":
    write()
