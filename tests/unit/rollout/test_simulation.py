"""A simulation over a store is deciding everybody in it, with one process or several."""

from collections import defaultdict
from datetime import timedelta
from random import Random
from threading import get_ident
from typing import Any

import pytest
from tests.unit.rollout import people
from tests.unit.rollout.examples import rules
from tests.unit.store.examples import NOW

from mailgate.config import Rules
from mailgate.model import Access, User
from mailgate.policy.decide import decide
from mailgate.policy.people import NO_GROUPS
from mailgate.policy.simulate.impact import ImpactTally
from mailgate.rollout import simulation
from mailgate.rollout.replay import PAGE_LOAD, PostureInputs, access_again, proof_of, reported
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


async def populate(store: Store, seed: int) -> None:
    random = Random(seed)
    phones = [
        people.phone(n, *(["tiktok"] if n % 3 == 0 else []), owner=f"person-{n % 13}") for n in range(30)
    ]
    await people.know(store, ACTIVE.policy, phones)
    for _ in range(40):
        number = random.randrange(40)
        user, agent = f"person-{number % 13}", random.choice([people.IPHONE, people.WINDOWS])
        facts = random.choice([people.page_load(agent), people.mail_app(f"EAS{number}"), people.imap()])
        await people.see(store, ACTIVE.policy, facts, user)


async def by_brute_force(store: Store, rules: Rules) -> dict[tuple[str, str, str], str]:
    """The effect on everybody: each sighting, and each device that was not seen, decided one by one."""
    lists = PostureInputs(rules.policy.catalog, people.TERMS)
    effects, seen = {}, set()
    for recorded in await store.sightings.latest(size=1000):
        sighting = recorded.sighting
        named = [each for each in await store.devices.page(size=1000) if each.id == sighting.device]
        seen |= {each.id for each in named}
        known = named
        if sighting.client.protocol == "imap":
            known = await store.devices.owned(sighting.user)
        postures = [lists.posture(each, NOW) for each in known]
        access = access_again(sighting.client, sighting.user, postures, NO_GROUPS, NOW)
        key = (sighting.device, str(sighting.client), sighting.user)
        effects[key] = decide(access, rules.policy).effect.value
    for device in await store.devices.page(size=1000):
        if device.id not in seen:
            posture = lists.posture(device, NOW)
            client = reported(posture.kind, posture.os, posture.os_version)
            access = Access(PAGE_LOAD, client, posture, NOW, User(posture.owner), proof_of(device, posture))
            effects[device.id, "", posture.owner] = decide(access, rules.policy).effect.value
    return effects


def people_and_devices(tally: ImpactTally) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        cell: (tally.people.count(cell), count) for cell, count in tally.subjects.items() if len(cell) == 2
    }


@pytest.mark.parametrize("seed", range(3))
async def test_the_counts_are_those_of_deciding_everybody_one_by_one(
    store: Store, url: str, seed: int
) -> None:
    await populate(store, seed)
    before, after = [await by_brute_force(store, each) for each in (ACTIVE, CANDIDATE)]
    devices: dict[tuple[str, str], set[object]] = {}
    persons: dict[tuple[str, str], set[str]] = {}
    for key, effect in before.items():
        device, client, user = key
        move = (effect, after[key])
        devices.setdefault(move, set()).add(device or (client, user))
        persons.setdefault(move, set()).add(user)
    tally = await simulate(store, task(url), 1, lambda *_: None)
    assert people_and_devices(tally) == {move: (len(persons[move]), len(devices[move])) for move in devices}


async def test_nobody_is_decided_on_the_loop_that_serves_mail(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await populate(store, 7)
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
    await populate(store, 7)
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
