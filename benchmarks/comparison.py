"""One run: start everything, check everything, measure in interleaved rounds."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import mixes, pollers, transfers, wrk
from benchmarks.machine import forget_peak, memory_mib, peak_mib
from benchmarks.mixes import END, Mix
from benchmarks.peers import PEERS, STORED, VERSIONS, Running
from benchmarks.people import HOST, people
from benchmarks.processes import NotInstalled, Run, program, version_of
from benchmarks.site import Site, serve_site
from benchmarks.transfers import answer_to
from benchmarks.wrk import WrongAnswer
from mailgate import __version__
from mailgate.attest.jose import Key

CHECKED = 60
"""How many requests of a mix are looked at one by one before it is measured."""
READINGS = (
    '{"touch_points": 0, "pointer": "fine", "hover": true, "any_fine": true, "any_hover": true, "platform": "",'
    ' "width": 1920, "height": 1080, "mobile": null, "system": "", "form_factors": [], "model": ""}'
)
"""What the probe's page posts on a computer."""
WEB = ("nginx", "caddy", "gate")
SYNC_STATUS = "200 application/vnd.ms-sync.wbxml"
"""A mail app is refused with the status 200, as it would be let in: only the type of the body differs."""

WARM, WARM_PEOPLE, WARMED_BY = 2_000, 16_000, 8
"""How many answers a cell gets before it is measured, in how many samples at most."""
BY_PERSON = ("proxied", "named", "probed")
"""Mixes in which each person is decided about apart."""

CELLS: dict[str, tuple[str, ...]] = {
    "page": WEB,
    "mixed": ("nginx", "haproxy", "caddy", "caddy_forward_auth", "asks", "keeps", "gate"),
    "fresh": WEB,
    "repeated": ("gate",),
    "proxied": ("gate_behind",),
    "named": ("gate_behind",),
    "probed": ("gate_probing",),
    "refused_page": ("gate_10", "gate_1000"),
    "refused_problem": ("gate_10", "gate_1000"),
    "refused_activesync": ("gate_10", "gate_1000"),
    "known_phones": ("nginx", "gate_devices"),
    "cold_phones": ("gate_devices",),
    "attested": ("gate_devices",),
    "looks": ("gate_browsers",),
    "looks_again": ("gate_browsers",),
    "reports": ("gate_browsers",),
}
"""The systems of each mix, in the order of the report."""


@dataclass(frozen=True)
class Plan:
    """``seconds`` of one sample. Half a second more goes into starting the load."""

    rounds: int
    seconds: int
    transfers: int


FULL = Plan(rounds=6, seconds=2, transfers=9)
QUICK = Plan(rounds=2, seconds=1, transfers=0)
QUICK_MIXES = ("page", "mixed", "fresh", "proxied", "probed", "refused_page", "attested")
QUICK_WITHOUT = ("haproxy", "caddy_forward_auth")


@dataclass
class Comparison:
    """The started systems and the results so far. ``watch`` is called before each step. ``chosen`` are the mixes, ``peers`` the systems
    that are measured."""

    plan: Plan
    site: Site
    watch: Callable[..., object]
    chosen: tuple[str, ...]
    peers: tuple[str, ...]
    running: dict[str, Running] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    samples: dict[str, dict[str, list[dict[str, float]]]] = field(default_factory=dict)
    moved: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    cold: Iterator[int] = field(default_factory=lambda: iter(range(mixes.PHONES, STORED)))
    """The stored phones for which nobody has asked."""

    def cells(self) -> list[tuple[str, str]]:
        measured = set(self.peers) - set(self.missing)
        return [(mix, name) for mix in self.chosen for name in CELLS[mix] if name in measured]

    def step(self, what: str) -> None:
        steps = len(self.peers) + len(self.cells()) * (2 + self.plan.rounds) + self.plan.transfers * 4
        self.watch(description=what, total=steps, advance=1)

    def start(self, stack: ExitStack) -> None:
        """Start all systems. Raises NotStarted; a peer that is not installed is noted instead."""
        needed = {name for _, name in self.cells()}
        for name in (each for each in PEERS if each in needed):
            self.step(f"starting {name}")
            try:
                self.running[name] = stack.enter_context(PEERS[name][1](self.site))
            except NotInstalled as error:
                self.missing[name] = str(error)

    def measure_mixes(self) -> None:
        """Check each mix at each of its systems, warm them up, and take the samples. Raises WrongAnswer."""
        for mix, name in self.cells():
            self.step(f"checking {mix} at {name}")
            self.check(mix, name)
            self.warm(mix, name)
        self.note_memory()
        for turn in range(1, self.plan.rounds + 1):
            for mix, name in rotated(self.cells(), turn):
                self.step(f"{mix} at {name}")
                taken = self.sample(mix, name, turn)
                told = {"rate": taken.rate, "cpu_us": taken.cpu_us, "load_us": taken.load_us}
                self.samples.setdefault(mix, {}).setdefault(name, []).append(told)
        self.note_memory()

    def warm(self, mix: str, name: str) -> None:
        """Send what a sample sends, until the caches have seen each person, on however busy a machine."""
        wanted, answered = (WARM_PEOPLE if mix in BY_PERSON else WARM), 0
        for _ in range(WARMED_BY):
            answered += self.sample(mix, name, 0).count
            if answered >= wanted or self.mix(mix).in_order:
                return

    def note_memory(self) -> None:
        """The memory of each system, after the warm-up and at the end."""
        for name, system in self.running.items():
            self.memory.setdefault(name, []).append(memory_mib(system.pids))

    def mix(self, name: str) -> Mix:
        """A mix by its name: a function of ``mixes.py``, or one that needs a gate."""
        match name:
            case "known_phones":
                return Mix(mixes.clean_phones)
            case "cold_phones":
                of_a_sample = (STORED - mixes.PHONES) // (self.plan.rounds + 1)
                return Mix(lambda: mixes.clean_phones(islice(self.cold, of_a_sample)), in_order=True)
            case "probed":
                return Mix(partial(mixes.probed, cookies=self.cookies))
            case "attested":
                return Mix(partial(pollers.attested, *self._issuing("gate_devices")), in_order=True)
            case "reports":
                return Mix(self.asking.reports, in_order=True)
            case "looks" | "looks_again":
                if self.asking.ends_soon():
                    del self.asking
                    self.files.clear()
                looks, again = self.asking.looks, self.asking.again
                return Mix(lambda: iter(looks)) if name == "looks" else Mix(lambda: iter(again), kind="304")
            case "refused_activesync":
                return Mix(mixes.refused_activesync, kind=SYNC_STATUS)
        return Mix(getattr(mixes, name), refused=name.startswith("refused"))

    @cached_property
    def cookies(self) -> dict[int, str]:
        return probe_cookies(self.running["gate_probing"].port)

    @cached_property
    def asking(self) -> pollers.Pollers:
        return pollers.Pollers(*self._issuing("gate_browsers"))

    def _issuing(self, name: str) -> tuple[int, Key]:
        system = self.running[name]
        assert system.issuer
        return system.port, system.issuer

    def written(self, name: str, mix: Mix) -> Path:
        """The records of a mix in a file. Those that may be sent again are made once."""
        if name not in self.files or mix.in_order:
            self.files[name] = self.site.run / f"{name}.requests"
            self.files[name].write_bytes(b"".join(each.encode("latin-1") + END for each in mix.records()))
        return self.files[name]

    def check(self, name: str, peer: str) -> None:
        """Look at the answers to some requests. Raises WrongAnswer."""
        mix = self.mix(name)
        if mix.in_order:
            return  # each record may be sent only once; wrk counts those that are refused
        for record in islice(mix.records(), CHECKED):
            answer = answer_to(self.running[peer].port, filled(record))
            told = f"{answer.status} {answer.headers['Content-Type']}"
            if (answer.status >= 400) != mix.refused or mix.kind not in told:
                raise WrongAnswer(f"{peer} answers a request of {name} with {told}")

    def sample(self, name: str, peer: str, turn: int) -> wrk.Load:
        mix, system = self.mix(name), self.running[peer]
        try:
            return wrk.sample(system.port, self.written(name, mix), turn, self.plan.seconds, system.pids, mix)
        except WrongAnswer as error:
            raise WrongAnswer(f"{name} at {peer}: {error}") from None

    def move_large_files(self) -> None:
        """Transfer large files, and note what they have added to the memory of each side, in MiB. Raises WrongAnswer."""
        sides = [name for name in ("nginx", "gate") if name in self.running]
        before = {name: forget_peak(self.running[name].pids[0]) for name in sides}
        for turn in range(self.plan.transfers):
            for kind in transfers.KINDS:
                for name in sides if turn % 2 else reversed(sides):
                    self.step(f"{kind} through {name}")
                    taken = transfers.transfer(kind, self.running[name].port, self.site)
                    self.moved.setdefault(kind, {}).setdefault(name, []).append(taken)
        self.moved["memory"] = {name: [peak_mib(self.running[name].pids[0]) - before[name]] for name in sides}


def compare(plan: Plan, run: Run, chosen: tuple[str, ...], peers: tuple[str, ...]) -> dict[str, Any]:
    """Measure these mixes, or all, at these systems, or all, with which large files are moved too. Raises NotInstalled (nginx or wrk),
    NotStarted, WrongAnswer."""
    program("wrk")
    watch = partial(run.shown.update, run.shown.add_task("starting the upstream"))
    with serve_site(run.folder) as site, ExitStack() as stack:
        found = Comparison(plan, site, watch, chosen or tuple(CELLS), peers or tuple(PEERS))
        found.start(stack)
        found.measure_mixes()
        if not peers:
            found.move_large_files()
    asked = {PEERS[name][0]: VERSIONS[name].split() for name in found.running if name in VERSIONS}
    return {
        "machine": run.machine,
        "plan": asdict(plan) | {"connections": wrk.CONNECTIONS},
        "versions": {title: version_of(*each) for title, each in asked.items()} | {"Mailgate": __version__},
        "missing": found.missing,
        "mixes": found.samples,
        "memory_mib": found.memory,
        "transfers": found.moved,
    }


def rotated(cells: list[tuple[str, str]], turn: int) -> Iterator[tuple[str, str]]:
    """The cells of a round: mix by mix, so that what is compared is measured within seconds, and each round begins a mix
    with another system."""
    for mix in dict.fromkeys(mix for mix, _ in cells):
        names = [name for other, name in cells if other == mix]
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            yield mix, name


def filled(record: str) -> bytes:
    """A record as it is sent."""
    number = secrets.randbelow(10**11)
    for hole, text in (("n", f"{number:012d}"), ("t", f"{number:016x}"), ("v", f"9.{number % 1000}.9")):
        record = record.replace(f"<<{hole}>>", text)
    return record.encode("latin-1")


def probe_cookies(port: int) -> dict[int, str]:
    """The cookie that the gate gives each person's browser for the readings of a computer."""
    cookies = {}
    for person in people():
        fields = {**mixes.forwarded(person), "User-Agent": person.agent, **person.hints}
        fields |= {"Host": HOST, "Sec-Fetch-Site": "same-origin"}
        record = mixes.written("POST", "/.mailgate/probe", fields, "application/json", READINGS)
        answer = answer_to(port, record.encode("latin-1"))
        cookies[person.number] = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        if not cookies[person.number].startswith("__Host-"):
            raise WrongAnswer(f"the probe answered {answer.status} to {person.agent}")
    return cookies
