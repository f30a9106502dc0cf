"""Every count of a plan is that of deciding everybody one by one: whatever was reported and seen, by whichever two rules."""

import asyncio
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.policy.simulate.examples import CONDITIONS, STAGES
from tests.unit.rollout import people
from tests.unit.store.examples import NOW

from mailgate.config import Rules, compile_rules
from mailgate.devices.device import Device
from mailgate.devices.names import user_text
from mailgate.model import LOGIN_PROTOCOLS, Access, AttestationResult, Decision, Kind, RequestFacts, User
from mailgate.policy.decide import decide
from mailgate.policy.people import NO_GROUPS
from mailgate.rollout import rule_texts_of
from mailgate.rollout.plan import LABELS, Counts, Plan
from mailgate.rollout.planning import Scope, make_plan
from mailgate.rollout.replay import PAGE_LOAD, PostureInputs, access_again, proof_of, reported
from mailgate.store import Act, Store

DAYS = 14
SCOPE = Scope(NOW, DAYS, people.TERMS)
TOLD = tuple(each for each in CONDITIONS if "request.remote" not in each)
"""What hangs on something that no sighting keeps may be told as unknown although it is not: ``policy/simulate/test_impact.py``."""

rule = st.builds(
    lambda when, effect, stages, share: {"when": when, "effect": effect, "share": share} | stages,
    st.sampled_from(TOLD),
    st.sampled_from(["allow", "warn", "challenge", "block"]),
    st.sampled_from(STAGES),
    st.sampled_from(["100%", "100%", "40%"]),
)
listed = st.sampled_from([["tiktok"], ["wechat"], ["tiktok", "wechat"]])


def written(entries: list[dict[str, Any]], prohibited: list[str]) -> Rules:
    apps = {"tiktok": {"name": "TikTok"}, "wechat": {"name": "WeChat"}}
    numbered = [{"id": f"rule-{number}", **each} for number, each in enumerate(entries)]
    return compile_rules(
        {
            "apps.yaml": json.dumps({"apps": apps, "lists": {"prohibited": prohibited}}),
            "policy.yaml": json.dumps({"rules": numbered}),
        }
    )


policies = st.builds(written, st.lists(rule, min_size=1, max_size=5), listed)
proofs = st.builds(
    lambda number, apps, owner, hours, kind: people.phone(
        number, *apps, owner=owner, at=NOW - timedelta(hours=hours), kind=kind
    ),
    st.integers(0, 3),
    st.sampled_from([(), ("tiktok",), ("wechat",), ("tiktok", "wechat")]),
    st.sampled_from(["", "Ada", "grace"]),
    st.sampled_from([0, 12, 30]),
    st.sampled_from([Kind.PHONE, Kind.TABLET, Kind.LAPTOP]),
)
requests = st.sampled_from(
    [people.page_load(people.IPHONE), people.page_load(people.WINDOWS), people.imap()]
) | (st.integers(0, 4).map(lambda number: people.mail_app(f"EAS{number}")))


@dataclass(frozen=True)
class Seen:
    facts: RequestFacts
    user: str
    proof: AttestationResult | None
    days: int


visits = st.builds(
    Seen,
    requests,
    st.sampled_from(["", "ada", "grace", "lin"]),
    st.none() | proofs,
    st.sampled_from([0, 3, 20]),
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The addresses of empty stores, one after the other."""
    folder = tmp_path_factory.mktemp("stores")
    empty = folder / "empty.db"

    async def make() -> None:
        await (await Store.open(f"sqlite:///{empty}")).close()

    def copies() -> Iterator[str]:
        for number in count():
            path = Path(shutil.copy(empty, folder / f"{number}.db"))
            yield f"sqlite:///{path}"
            path.unlink()

    asyncio.run(make())
    return copies()


@settings(max_examples=60, deadline=None)
@given(st.lists(proofs, max_size=4), st.lists(visits, max_size=6), policies, policies)
def test_the_counts_are_those_of_deciding_everybody(
    stores: Iterator[str], known: list[AttestationResult], seen: list[Seen], active: Rules, candidate: Rules
) -> None:
    async def compared() -> None:
        url = next(stores)
        store = Store.beside(url)
        try:
            await people.know(store, active.policy, known)
            for each in seen:
                at = NOW - timedelta(days=each.days)
                await people.see(store, active.policy, each.facts, each.user, each.proof, at)
            activation = await store.policies.activate(
                rule_texts_of(active), Act(NOW, "ada", "policy-activated")
            )
            plan = await make_plan(store, url, activation, candidate, SCOPE, 1, lambda *_: None)
            assert counts_of(plan) == await by_brute_force(store, active, candidate)
        finally:
            await store.close()

    asyncio.run(compared())


def counts_of(plan: Plan) -> dict[tuple[str, ...], tuple[int, int]]:
    """People and devices in every cell of a plan that has any."""
    found: dict[tuple[str, ...], Counts] = {("all",): plan.everybody, ("same",): plan.untouched}
    for label in LABELS:
        found[label,] = plan.newly[label]
        for dimension, rows in plan.newly[label].by.items():
            found |= {(label, dimension, row.value): row for row in rows}
    found |= {("move", each.before, each.to): each for each in plan.moves}
    told = {cell: (each.people, each.devices) for cell, each in found.items()}
    return {cell: both for cell, both in told.items() if both != (0, 0)}


async def by_brute_force(
    store: Store, active: Rules, candidate: Rules
) -> dict[tuple[str, ...], tuple[int, int]]:
    """The same, from two calls of ``decide`` for everybody."""
    persons, subjects = defaultdict(set), defaultdict(set)
    olds = [each async for each in everybody(store, active)]
    news = [each async for each in everybody(store, candidate)]
    moved: dict[str, set[str]] = {"person": set(), "subject": set()}
    for (name, before), (_, after) in zip(olds, news, strict=True):
        person = user_text(before.user.name or before.posture.owner)
        old, new = decide(before, active.policy), decide(after, candidate.policy)
        for cell in cells(old, new, after):
            subjects[cell].add(name)
            persons[cell] |= {person} - {""}
        if old.effect is not new.effect:
            moved["person"].add(person)
            moved["subject"].add(name)
    persons["same",] = persons["all",] - moved["person"]
    subjects["same",] = subjects["all",] - moved["subject"]
    told = {cell: (len(persons[cell]), len(names)) for cell, names in subjects.items()}
    return {cell: both for cell, both in told.items() if both != (0, 0)}


def cells(old: Decision, new: Decision, after: Access) -> list[tuple[str, ...]]:
    same: list[tuple[str, ...]] = [("all",), ("move", old.effect.value, new.effect.value)]
    if old.effect is new.effect:
        return same
    label, system = new.effect.value, after.client.os or after.posture.os or "unknown"
    by = [("rule", new.rule), ("kind", after.client.kind.value), ("system", system)]
    return [*same, (label,), *((label, *each) for each in by)]


async def everybody(store: Store, rules: Rules) -> Any:
    """Each sighting of these days, and each device that was not seen with its owner, by name, as these lists make it look now."""
    lists, devices = PostureInputs(rules.policy.catalog, people.TERMS), await store.devices.page(size=1000)
    since, came = (NOW - timedelta(days=DAYS)).date(), defaultdict[str, set[str]](set)
    for recorded in await store.sightings.latest(size=1000):
        seen = recorded.sighting
        if seen.day < since:
            continue
        own = [each for each in devices if seen.device in (each.id, *each.former_ids)]
        name = own[0].id if own else f"{seen.client} {seen.user}"
        known = await known_to(store, seen.client.eas_id, own)
        if seen.client.protocol in LOGIN_PROTOCOLS:
            known = await store.devices.owned(seen.user) if seen.user else []
        postures = [lists.posture(each, NOW) for each in known]
        again = access_again(seen.client, seen.user, postures, NO_GROUPS, NOW)
        for each in own:
            came[each.id].add(user_text(again.user.name or again.posture.owner))
        yield name, again
    for device in devices:
        posture = lists.posture(device, NOW)
        owner = user_text(posture.owner)
        if not came[device.id] or (owner and owner not in came[device.id]):
            client = reported(posture.kind, posture.os, posture.os_version)
            proof = proof_of(device, posture)
            yield device.id, Access(PAGE_LOAD, client, posture, NOW, User(user_text(posture.owner)), proof)


async def known_to(store: Store, eas_id: str, own: list[Device]) -> list[Device]:
    """Whose sighting it is: of a mail app that came before its device was known, the device that has its id now."""
    return own or (await store.devices.called(eas_id) if eas_id else [])
