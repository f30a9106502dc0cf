"""A simulation over a store counts alike with one process and with several, and keeps the gate serving.

``test_counts.py`` holds the counts against those of deciding everybody.
"""

from collections import defaultdict
from datetime import timedelta
from random import Random
from threading import get_ident
from typing import Any

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.policy.simulate.impact import ImpactTally
from mailgate.rollout import simulation
from mailgate.rollout.simulation import Task, simulate
from mailgate.store import Store

ACTIVE = rules("""
rules:
  - {id: app, when: 'client.handheld && "prohibited" in device.lists', effect: block}
  - {id: rest, when: 'true', effect: allow}
""")
CANDIDATE = rules("""
rules:
  - {id: laptop, when: 'client.kind == "laptop"', effect: allow}
  - {id: some, when: 'user.name.startsWith("person-1")', effect: warn}
  - {id: half, when: 'client.handheld', effect: block, share: 50%}
  - {id: rest, when: 'true', effect: allow}
""")


def task(url: str) -> Task:
    return Task(url, ACTIVE.texts, CANDIDATE.texts, people.TERMS, (NOW - timedelta(days=14)).date(), NOW)


async def populate(store: Store) -> None:
    random = Random(7)
    phones = [
        people.phone(n, *(["tiktok"] if n % 3 == 0 else []), owner=f"person-{n % 13}") for n in range(30)
    ]
    await people.know(store, ACTIVE.policy, phones)
    for _ in range(40):
        number = random.randrange(40)
        user, agent = f"person-{number % 13}", random.choice([people.IPHONE, people.WINDOWS])
        facts = random.choice([people.page_load(agent), people.mail_app(f"EAS{number}"), people.imap()])
        await people.see(store, ACTIVE.policy, facts, user)


def people_and_devices(tally: ImpactTally) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        cell: (tally.people.count(cell), count) for cell, count in tally.subjects.items() if len(cell) == 2
    }


async def test_nobody_is_decided_on_the_loop_that_serves_mail(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await populate(store)
    threads: dict[str, set[int]] = defaultdict(set)

    def noting(where: Any, name: str) -> None:
        plain = getattr(where, name)

        def noted(*args: Any, **named: Any) -> Any:
            threads[name].add(get_ident())
            return plain(*args, **named)

        monkeypatch.setattr(where, name, noted)

    noting(simulation, "compile_rules")
    noting(simulation.Impact, "add")
    await simulate(store, task(url), 1, lambda *_: None)
    assert set(threads) == {"compile_rules", "add"}
    assert get_ident() not in set().union(*threads.values())


async def test_several_processes_count_what_one_does(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await populate(store)
    told: list[tuple[int, int]] = []
    alone = await simulate(store, task(url), 1, lambda *_: None)
    monkeypatch.setattr(simulation, "PART", 8)
    together = await simulate(store, task(url), 2, lambda done, of: told.append((done, of)))
    assert together.subjects == alone.subjects
    assert people_and_devices(together) == people_and_devices(alone)
    assert (together.devices, together.clients, together.occasions) == (
        alone.devices,
        alone.clients,
        alone.occasions,
    )
    assert told[-1] == (30, 30)
