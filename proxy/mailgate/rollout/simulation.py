"""Decides everybody in the store by two policies, on all cores if there are many."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from multiprocessing import get_context
from typing import Any

from mailgate.classify import warm
from mailgate.config import compile_rules
from mailgate.model.device import PostureTerms
from mailgate.policy.reliefs import NO_RELIEFS, Reliefs
from mailgate.policy.simulate.impact import Impact, ImpactTally, Mover, Subject
from mailgate.policy.simulate.later import in_full
from mailgate.rollout.replay import Population, PostureInputs
from mailgate.store import Store

PART = 25_000
"""How many devices make one part of the work. With fewer, no other process is started."""

Part = tuple[str, str | None]
"""A part of the work: the device after which it begins, and its last device; None for the last part."""

Progress = Callable[[int, int], None]
"""Receives the number of devices done and of all devices, after each part."""

MoversCallback = Callable[[Sequence[Mover]], None]
"""Receives the movers, one part after the other."""


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that another process needs to take part. ``active`` and ``candidate`` are the texts of rules."""

    url: str
    active: Mapping[str, str]
    candidate: Mapping[str, str]
    terms: PostureTerms
    since: date
    now: datetime
    reliefs: Reliefs = NO_RELIEFS
    moments: tuple[datetime, ...] = ()
    """Further moments at which everybody is decided, besides ``now``."""
    by_name: bool = False
    """Whether all movers are listed."""
    without: str = ""
    """The id of a rule that the active rules are taken not to have; empty if they count as they are."""


async def simulate(
    store: Store, task: Task, workers: int, progress: Progress, listed: MoversCallback | None = None
) -> ImpactTally:
    """Add up what changes for everybody. ``listed`` receives the movers, in another thread. Raises StoreUnavailableError."""
    count = await store.devices.count()
    marks = await store.devices.splits(max(1, -(-count // PART)))
    parts: list[Part] = list(zip(["", *marks], [*marks, None], strict=True))
    total = ImpactTally()

    def add(part: ImpactTally) -> None:
        if listed:
            listed(part.movers)
        total.merge(part)

    if len(parts) == 1 or workers < 2:
        crew = await asyncio.to_thread(_SimulationProcess, task)
        for number, part in enumerate(parts, 1):
            await asyncio.to_thread(add, await crew.devices(store, *part))
            progress(count * number // len(parts), count)
        await asyncio.to_thread(add, await crew.strangers(store))
        return total
    await _together(task, parts, workers, add, lambda done: progress(count * done // len(parts), count))
    return total


async def _together(
    task: Task,
    parts: Sequence[Part],
    workers: int,
    add: Callable[[ImpactTally], None],
    told: Callable[[int], None],
) -> None:
    """Let other processes count the parts. They are spawned: a fork of a process with threads may hang."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _settle, (task,))
    try:
        loop = asyncio.get_running_loop()
        jobs = [loop.run_in_executor(pool, _devices, *part) for part in parts]
        jobs.append(loop.run_in_executor(pool, _strangers))
        for number, job in enumerate(asyncio.as_completed(jobs), 1):
            await asyncio.to_thread(add, await job)
            told(min(number, len(parts)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # a process that is not needed ends after its part


class _SimulationProcess:
    def __init__(self, task: Task) -> None:
        self.task = task
        old, new = (compile_rules(each).with_reliefs(task.reliefs) for each in (task.active, task.candidate))
        old = old.without(task.without)
        self._active, self._candidate = old.policy, new.policy
        self._groups = (old.groups, None if new.groups == old.groups else new.groups)
        before, after = (PostureInputs(each.catalog, task.terms) for each in (self._active, self._candidate))
        self._lists = (before, before if before == after else after)
        whole = in_full(self._active, self._candidate, task.now)
        self._impact = Impact(
            self._active, self._candidate, moments=task.moments, whole=whole, by_name=task.by_name
        )

    async def devices(self, store: Store, behind: str, until: str | None) -> ImpactTally:
        return await self._tally(self._population(store).devices(behind, until))

    async def strangers(self, store: Store) -> ImpactTally:
        return await self._tally(self._population(store).strangers())

    def _population(self, store: Store) -> Population:
        return Population(store, *self._lists, self.task.since, self.task.now, *self._groups)

    async def _tally(self, pages: AsyncIterator[list[Subject]]) -> ImpactTally:
        async for page in pages:
            await asyncio.to_thread(_add_all, self._impact, page)  # the gate keeps serving mail
        return self._impact.taken()


def _add_all(impact: Impact, page: Sequence[Subject]) -> None:
    for subject in page:
        impact.add(subject)


_crew: _SimulationProcess


def _settle(task: Task) -> None:
    global _crew
    gc.freeze()
    # there are hardly any cycles, and looking for them takes a fifth of the time
    gc.set_threshold(100_000, 50, 100)
    warm()
    _crew = _SimulationProcess(task)


def _devices(behind: str, until: str | None) -> ImpactTally:
    return _with_store(lambda store: _crew.devices(store, behind, until))


def _strangers() -> ImpactTally:
    return _with_store(lambda store: _crew.strangers(store))


def _with_store(work: Callable[[Store], Coroutine[Any, Any, ImpactTally]]) -> ImpactTally:
    async def opened() -> ImpactTally:
        store = Store.beside(_crew.task.url)
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(opened())
