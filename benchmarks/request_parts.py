"""Measures the processor time of a request part by part, without sockets: ``python -m benchmarks.request_parts``.

Each part is timed by itself, less the parts within it, in a gate between a client and a webmail that are objects in
memory. For that the clock is read about twenty times per request, which is in the last row. ``--keep`` writes the
results to their file and the docs.
"""

import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any
from unittest.mock import patch

import typer
import uvloop

from benchmarks.machine import facts
from benchmarks.path_cost import CLIENT, SETTINGS, batch, wired
from benchmarks.peers.mailgate import write_config
from benchmarks.publish import keep_parts
from benchmarks.traffic.mixes import MIXES
from mailgate.gateway import handler, recorder, request_reader, verdict_cache
from mailgate.gateway.evaluate import judge
from mailgate.gateway.http1 import parser
from mailgate.gateway.http1.listener import Server
from mailgate.gateway.logs import configure_logs
from mailgate.gateway.pages.render import Pages
from mailgate.gateway.proxy import forward, upstream
from mailgate.gateway.refusals.enforce import ResponseBuilder
from mailgate.store.ledger import Ledger

LOADS = dict.fromkeys(("mixed", "fresh"), 8192) | dict.fromkeys(
    ("refused_page", "refused_problem", "refused_activesync"), 100
)
"""The loads, each with the least number of bytes of an answer."""
BATCHES, TIMES = 9, 1000

PARTS: tuple[tuple[str, Any, str], ...] = (
    ("head of the request, skimmed", parser, "skim_request"),
    ("the same, read strictly", parser, "parse_request_head"),
    ("origin of the request", request_reader.Reader, "origin"),
    ("key and look in the verdict cache", verdict_cache.VerdictCache, "find"),
    ("traits of the user agent, for that key", verdict_cache, "agent_traits"),
    ("facts of the request", request_reader.Reader, "facts"),
    ("classification of the client", judge, "classify"),
    ("conditions of the rules", judge, "decide"),
    ("record of the decision", Ledger, "record"),
    ("metrics and the line in the log", recorder.Recorder, "tell"),
    ("head for the webmail", forward, "request_head"),
    ("head of the webmail's answer, skimmed", upstream, "skim_answer"),
    ("the same of an answer, read strictly", upstream, "parse_response_head"),
    ("head for the client", forward, "response_head"),
    ("ticket of the help button", ResponseBuilder, "_ticket"),
    ("page in its language", Pages, "refusal"),
    ("writing the refusal", handler, "send"),
)
"""A part, the object in which it is looked up for a call, and its name there."""


class Stopwatch:
    """The time of each part less that of the parts within it, in seconds."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._within = [0.0]

    @contextmanager
    def worn(self) -> Iterator[None]:
        """Time every part while the body runs."""
        with ExitStack() as stack:
            for part, owner, name in PARTS:
                stack.enter_context(patch.object(owner, name, self.timed(part, getattr(owner, name))))
            yield

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The same call, timed."""

        def timing(*args: Any, **named: Any) -> Any:
            self._within.append(0.0)
            started = perf_counter()
            try:
                return call(*args, **named)
            finally:
                took = perf_counter() - started
                self.spent[part] += took - self._within.pop()
                self._within[-1] += took

        return timing


async def measure(config: Path) -> dict[str, dict[str, float]]:
    """For each load the time of the whole request and of each part, in µs: the median of some batches."""
    async with wired(config) as server:
        return {load: await _measured(server, load) for load in LOADS}


async def _measured(server: Server, load: str) -> dict[str, float]:
    made, watch, rounds = MIXES[load].requests(1), Stopwatch(), []
    whole = [await batch(server, made, CLIENT, LOADS[load], TIMES) for _ in range(BATCHES)]
    with watch.worn():
        for _ in range(BATCHES):
            watch.spent.clear()
            await batch(server, made, CLIENT, LOADS[load], TIMES)
            rounds.append({part: watch.spent[part] / TIMES * 1e6 for part, _, _ in PARTS})
    return {
        "whole": _middle(whole),
        **{part: _middle([each[part] for each in rounds]) for part in rounds[0]},
    }


def _middle(values: list[float]) -> float:
    return round(statistics.median(values), 1)


def main(
    keep: Annotated[bool, typer.Option(help="Write the results to their file and the docs.")] = False,
) -> None:
    """Measure, and print a table."""
    machine = facts()
    with tempfile.TemporaryDirectory(prefix="mailgate-parts-") as directory:
        folder = Path(directory)
        with (folder / "log").open("w", buffering=1) as log:
            configure_logs("info", log)
            found: Mapping[str, Any] = uvloop.run(measure(write_config(folder, SETTINGS)))
    for load, parts in found.items():
        print(load, *(f"{part}: {spent}" for part, spent in parts.items() if spent), sep="\n  ")
    if keep:
        keep_parts({"machine": machine, "loads": found})


if __name__ == "__main__":
    typer.run(main)
