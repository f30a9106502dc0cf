"""One run: start everything, check everything, measure in interleaved rounds."""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import mixes, pollers, transfers, wrk
from benchmarks.machine import facts, forget_peak, memory_mib, peak_mib
from benchmarks.mixes import END, Mix
from benchmarks.peers import PEERS, STORED, Running
from benchmarks.people import HOST, people
from benchmarks.processes import NotInstalled, program
from benchmarks.site import Site, serve_site
from benchmarks.transfers import WrongAnswer, answer_to
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

WARM, WARM_PEOPLE = 2_000, 16_000
"""How many answers a cell gets before it is measured."""
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
    warm: int
    """How many samples a cell gets at most before it is measured."""


FULL = Plan(rounds=6, seconds=2, transfers=9, warm=8)
QUICK = Plan(rounds=2, seconds=1, transfers=0, warm=3)
QUICK_MIXES = ("page", "mixed", "fresh", "proxied", "probed", "refused_page", "attested")
QUICK_WITHOUT = ("haproxy", "caddy_forward_auth")
Watch = Callable[[str, int], None]
"""Called before each step, with the step and the number of all steps."""


@dataclass
class Comparison:
    """The started systems and the results so far. ``chosen`` are the mixes, ``peers`` the systems that are measured."""

    plan: Plan
    site: Site
    watch: Watch
    chosen: tuple[str, ...]
    peers: tuple[str, ...]
    running: dict[str, Running] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    samples: dict[str, dict[str, list[dict[str, float]]]] = field(default_factory=dict)
    moved: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    cookies: dict[int, str] = field(default_factory=dict)
    asking: pollers.Pollers | None = None
    cold: Iterator[int] = field(default_factory=lambda: iter(range(mixes.PHONES, STORED)))
    """The stored phones for which nobody has asked."""

    def cells(self) -> list[tuple[str, str]]:
        measured = set(self.peers) - set(self.missing)
        return [(mix, name) for mix in self.chosen for name in CELLS[mix] if name in measured]

    def step(self, what: str) -> None:
        cells = len(self.cells())
        self.watch(what, len(self.peers) + cells * (2 + self.plan.rounds) + self.plan.transfers * 4)

    def start(self, stack: ExitStack) -> None:
        """Start all systems. Raises NotStarted; a peer that is not installed is noted instead."""
        needed = {name for _, name in self.cells()}
        for peer in (each for each in PEERS if each.name in needed):
            self.step(f"starting {peer.name}")
            try:
                self.running[peer.name] = stack.enter_context(peer.start(self.site))
                self.versions[peer.program] = peer.version()
            except NotInstalled as error:
                self.missing[peer.name] = str(error)

    def measure_mixes(self) -> None:
        """Check each mix at each of its systems, warm them up, and take the samples. Raises LoadFailed, WrongAnswer."""
        for mix, name in self.cells():
            self.step(f"checking {mix} at {name}")
            self.check(mix, name)
            self.warm(mix, name)
        self.note_memory()
        for turn in range(1, self.plan.rounds + 1):
            for mix, name in rotated(self.cells(), turn):
                self.step(f"{mix} at {name}")
                taken = self.sample(mix, name, turn)
                self.samples.setdefault(mix, {}).setdefault(name, []).append(asdict(taken))
        self.note_memory()

    def warm(self, mix: str, name: str) -> None:
        """Send what a sample sends, until the caches have seen each person, on however busy a machine."""
        wanted, answered = (WARM_PEOPLE if mix in BY_PERSON else WARM), 0
        for _ in range(self.plan.warm):
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
                self.cookies = self.cookies or probe_cookies(self.running["gate_probing"].port)
                return Mix(partial(mixes.probed, cookies=self.cookies))
            case "attested":
                port, issuer = self._issuing("gate_devices")
                return Mix(partial(pollers.attested, port, issuer, answer_to), in_order=True)
            case "looks" | "looks_again" | "reports":
                sent = self.asking = self.asking or pollers.Pollers(
                    *self._issuing("gate_browsers"), answer_to
                )
                if name == "reports":
                    return Mix(sent.reports, in_order=True)
                if sent.renew():
                    self.files = {
                        key: path for key, path in self.files.items() if not key.startswith("looks")
                    }
                return (
                    Mix(lambda: iter(sent.looks))
                    if name == "looks"
                    else Mix(lambda: iter(sent.again), kind="304")
                )
            case "refused_activesync":
                return Mix(mixes.refused_activesync, kind=SYNC_STATUS)
        return Mix(getattr(mixes, name), refused=name.startswith("refused"))

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

    def sample(self, name: str, peer: str, turn: int, pids: Sequence[int] = ()) -> wrk.Load:
        """``pids``: the processes whose time counts, if not all of the system."""
        mix, system = self.mix(name), self.running[peer]
        counted = list(pids or system.pids)
        try:
            return wrk.sample(system.port, self.written(name, mix), turn, self.plan.seconds, counted, mix)
        except wrk.LoadFailed as error:
            raise wrk.LoadFailed(f"{name} at {peer}: {error}") from None

    def move_large_files(self) -> dict[str, float]:
        """Transfer large files. Returns what they have added to the gate's memory, in MiB. Raises WrongAnswer."""
        sides = [name for name in ("nginx", "gate") if name in self.running]
        before = {name: forget_peak(self.running[name].pids[0]) for name in sides}
        for turn in range(self.plan.transfers):
            for kind in transfers.KINDS:
                for name in sides if turn % 2 else reversed(sides):
                    self.step(f"{kind} through {name}")
                    taken = transfers.transfer(kind, self.running[name].port, self.site)
                    self.moved.setdefault(kind, {}).setdefault(name, []).append(taken)
        return {name: peak_mib(self.running[name].pids[0]) - before[name] for name in sides}


def compare(
    plan: Plan, run: Path, watch: Watch, chosen: Iterable[str] = CELLS, peers: Iterable[str] = ()
) -> dict[str, Any]:
    """Measure everything for ``latest.json``. Raises NotInstalled (nginx or wrk), NotStarted, LoadFailed, WrongAnswer."""
    machine = facts()
    program("wrk")
    named = tuple(peers) or tuple(peer.name for peer in PEERS)
    with serve_site(run) as site, ExitStack() as stack:
        run_ = Comparison(plan, site, watch, tuple(chosen), named)
        run_.start(stack)
        run_.measure_mixes()
        return {
            "machine": machine,
            "plan": asdict(plan) | {"connections": wrk.CONNECTIONS},
            "versions": run_.versions,
            "missing": run_.missing,
            "mixes": run_.samples,
            "memory_mib": run_.memory,
            "growth_mib": {} if peers else run_.move_large_files(),
            "transfers": run_.moved,
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
