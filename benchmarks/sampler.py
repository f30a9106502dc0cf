"""Runs a command of ``mailgate`` that writes on a signal what it does and holds: ``python -m benchmarks.sampler run --config PATH``.

From ``BEGIN`` to ``DUMP`` it is noted a thousand times a second in which stage the loop is; ``COUNT`` counts the loop's tasks.
Nothing of the gate is changed for it, so the stages follow its code as it is.
"""

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import FrameType

from mailgate.atomic_files import write_atomically

BEGIN, DUMP, COUNT = (signal.SIGRTMIN + number for number in range(3))
SECONDS = 0.001
NOTES = "notes.json"
"""The file beside the settings in which it is told."""
PATIENCE = 60.0
OUTSIDE = "event loop"

MODULES = {
    "head of the request, read": "http",
    "head of the answer, read": "http.skim:skim_answer http.request:parse_response_head http.request:body_of",
    "connection of the client, with what the kernel does for it": "http.connection http.exchange",
    "deadlines": "http.deadline",
    "origin of the request": "http.trusted_headers http.client_certs",
    "facts of the request": "gateway.request_reader",
    "key and look in the verdict cache": "gateway.verdict_cache",
    "questions of other proxies": "gateway.authz",
    "evaluation: proofs, probe, posture, verdict": "gateway.evaluate",
    "proofs and signatures": "attest",
    "who asks: traits and classification": "classify",
    "devices and postures": "devices",
    "the store": "store",
    "rules": "policy",
    "record, counters, line in the log": "gateway.recorder gateway.observe gateway.metrics logs store.ledger",
    "forwarding: both heads written": "http.proxy gateway.forward",
    "connection of the webmail, with what the kernel does for it": "http.proxy.upstream http.proxy.pool",
    "refusal: page, problem document or status": "gateway.refusals gateway.refuse gateway.pages",
    "order of the steps": "gateway",
    "event loop": "__main__",
}
"""The modules of each stage; single functions are named after a colon."""
STAGES = {f"mailgate.{name}": stage for stage, names in MODULES.items() for name in names.split()}
"""The stage of a module, by the longest beginning of its name; of one function, if it is named."""
THROUGH = tuple(
    f"mailgate.{name}"
    for name in "http.body http.fields http.grammar http.skim:_ model tasks app cli".split()
)
"""Modules and functions, by the beginnings of their names, whose time belongs to whoever calls them."""


@cache
def stage_of(module: str, function: str) -> str | None:
    """The stage of a function, or its module if none is named; None if its time is its caller's."""
    full = f"{module}:{function}"
    if not module.startswith("mailgate.") or full.startswith(THROUGH):
        return None
    names = (each for each in STAGES if each in (full, module) or module.startswith(f"{each}."))
    return STAGES.get(max(names, key=len, default=""), module)


class Sampler:
    """The processor seconds of the loop's thread in each stage: whatever it has used since the last look goes to the stage
    in which it is found, so that waiting counts for nothing. The time of other threads is in no stage."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.spent: dict[str, float] = defaultdict(float)
        self._last = 0.0

    def take(self, _number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        stage = None
        while frame is not None and stage is None:
            stage = stage_of(str(frame.f_globals.get("__name__")), frame.f_code.co_name)
            frame = frame.f_back
        self.spent[stage or OUTSIDE] += now - self._last
        self._last = time.thread_time()

    def begin(self, *_: object) -> None:
        self.spent.clear()
        self._last = time.thread_time()
        signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)

    def dump(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        write_atomically(self.notes, json.dumps(self.spent))

    def count(self, *_: object) -> None:
        gc.collect()
        held = {"tasks": len(asyncio.all_tasks()), "threads": threading.active_count()}
        write_atomically(self.notes, json.dumps(held | {"objects": len(gc.get_objects())}))


def asked(pid: int, folder: Path, question: signal.Signals | int) -> dict[str, float]:
    """What the gate whose settings are in ``folder`` writes on a signal. Raises FileNotFoundError if it writes nothing."""
    notes, until = folder / NOTES, time.monotonic() + PATIENCE
    os.kill(pid, question)
    while not notes.exists() and time.monotonic() < until:
        time.sleep(0.05)
    found: dict[str, float] = json.loads(notes.read_text())
    notes.unlink()
    return found


def main() -> None:
    sampler = Sampler(Path(sys.argv[-1]).with_name(NOTES))
    signal.signal(COUNT, sampler.count)
    signal.signal(signal.SIGALRM, sampler.take)
    signal.signal(BEGIN, sampler.begin)
    signal.signal(DUMP, sampler.dump)
    from mailgate.__main__ import main as command

    command()


if __name__ == "__main__":
    main()
