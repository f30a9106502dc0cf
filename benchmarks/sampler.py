"""Runs a command of ``mailgate`` and notes a thousand times a second in which stage its loop is.

``python -m benchmarks.sampler run --config PATH``. ``BEGIN`` starts and ``DUMP`` ends the notes, which are then written
beside the settings. Nothing of the gate is changed for it, so the stages follow its code as it is.
"""

import json
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path
from types import CodeType, FrameType

BEGIN, DUMP = signal.SIGRTMIN, signal.SIGRTMIN + 1
SECONDS = 0.001
NOTES = "stages.json"
OUTSIDE = "event loop"

STAGES: dict[str, str] = {
    "mailgate.http": "head of the request, read",
    "mailgate.http.skim:skim_answer": "head of the answer, read",
    "mailgate.http.request:parse_response_head": "head of the answer, read",
    "mailgate.http.request:body_of": "head of the answer, read",
    "mailgate.http.connection": "connection of the client, with what the kernel does for it",
    "mailgate.http.exchange": "connection of the client, with what the kernel does for it",
    "mailgate.http.deadline": "deadlines",
    "mailgate.http.trusted_headers": "origin of the request",
    "mailgate.http.client_certs": "origin of the request",
    "mailgate.gateway.request_reader": "facts of the request",
    "mailgate.gateway.verdict_cache": "key and look in the verdict cache",
    "mailgate.gateway.authz": "questions of other proxies",
    "mailgate.gateway.evaluate": "evaluation: proofs, probe, posture, verdict",
    "mailgate.attest": "proofs and signatures",
    "mailgate.classify": "who asks: traits and classification",
    "mailgate.devices": "devices and postures",
    "mailgate.store": "the store",
    "mailgate.policy": "rules",
    "mailgate.gateway.recorder": "record, counters, line in the log",
    "mailgate.gateway.observe": "record, counters, line in the log",
    "mailgate.gateway.metrics": "record, counters, line in the log",
    "mailgate.logs": "record, counters, line in the log",
    "mailgate.store.ledger": "record, counters, line in the log",
    "mailgate.http.proxy": "forwarding: both heads written",
    "mailgate.gateway.forward": "forwarding: both heads written",
    "mailgate.http.proxy.upstream": "connection of the webmail, with what the kernel does for it",
    "mailgate.http.proxy.pool": "connection of the webmail, with what the kernel does for it",
    "mailgate.gateway.refusals": "refusal: page, problem document or status",
    "mailgate.gateway.refuse": "refusal: page, problem document or status",
    "mailgate.gateway.pages": "refusal: page, problem document or status",
    "mailgate.gateway": "order of the steps",
    "mailgate.__main__": "event loop",
}
"""The stage of a module, by the longest beginning of its name; of one function, if it is named."""
THROUGH = (
    "mailgate.http.body",
    "mailgate.http.fields",
    "mailgate.http.grammar",
    "mailgate.http.skim:_",
    "mailgate.model",
    "mailgate.tasks",
    "mailgate.app",
    "mailgate.cli",
)
"""Modules and functions, by the beginnings of their names, whose time belongs to whoever calls them."""


def stage_of(module: str, function: str) -> str | None:
    """The stage of a function, or its module if none is named; None if its time is its caller's."""
    if not module.startswith("mailgate.") or f"{module}:{function}".startswith(THROUGH):
        return None
    names = [f"{module}:{function}", *_beginnings(module)]
    return next((STAGES[name] for name in names if name in STAGES), module)


def _beginnings(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 1, -1)]


class Sampler:
    """The processor seconds of the loop's thread in each stage: whatever it has used since the last look goes to the stage
    in which it is found, so that waiting counts for nothing. The time of other threads is in no stage."""

    def __init__(self, notes: Path) -> None:
        self.notes = notes
        self.spent: dict[str, float] = defaultdict(float)
        self._last = 0.0
        self._known: dict[CodeType, str | None] = {}

    def take(self, _number: int, frame: FrameType | None) -> None:
        now = time.thread_time()
        stage = None
        while frame is not None and stage is None:
            stage = self._stage(frame)
            frame = frame.f_back
        self.spent[stage or OUTSIDE] += now - self._last
        self._last = time.thread_time()

    def _stage(self, frame: FrameType) -> str | None:
        code = frame.f_code
        if code not in self._known:
            self._known[code] = stage_of(str(frame.f_globals.get("__name__")), code.co_name)
        return self._known[code]

    def begin(self, *_: object) -> None:
        self.spent.clear()
        self._last = time.thread_time()
        signal.setitimer(signal.ITIMER_REAL, SECONDS, SECONDS)

    def dump(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        beside = self.notes.with_suffix(".new")
        beside.write_text(json.dumps(self.spent))
        beside.rename(self.notes)


def main() -> None:
    sampler = Sampler(Path(sys.argv[-1]).with_name(NOTES))
    signal.signal(signal.SIGALRM, sampler.take)
    signal.signal(BEGIN, sampler.begin)
    signal.signal(DUMP, sampler.dump)
    from mailgate.__main__ import main as command

    command()


if __name__ == "__main__":
    main()
