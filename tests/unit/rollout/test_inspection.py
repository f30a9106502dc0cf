"""A gate looks at changed files by itself where its settings have a guard."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr
from tests.unit.rollout.examples import SHUT, rules
from tests.unit.rollout.versions import ADA, GUARD, HOLIDAYS, LIN
from tests.unit.rollout.versions import store as store
from tests.unit.store.examples import NOW, set_shared_clock

from mailgate.config.attestation import PostureSettings
from mailgate.config.guard import GuardSettings
from mailgate.config.settings import Settings
from mailgate.rollout.activation import apply
from mailgate.rollout.approvals import approve
from mailgate.rollout.version_in_force import Inspection, InspectionResult
from mailgate.store import Store
from mailgate.store.kept_out import KeptOut


def settings(url: str, most: int | None) -> Any:
    guard = None if most is None else GuardSettings(max_newly_blocked=most)
    posture = PostureSettings()
    return Settings.model_construct(store=SecretStr(url), posture=posture, guard=guard)


async def inspected(store: Store, url: str, most: int | None) -> InspectionResult:
    active = await store.policies.active()
    assert active is not None
    return await Inspection(store, partial(settings, url, most), "gate-1", lambda: NOW)(active, rules(SHUT))


async def test_without_a_guard_nothing_is_looked_at(store: Store, url: str) -> None:
    assert await inspected(store, url, None) == InspectionResult()
    assert [entry.what for entry in await store.audit.page()] == ["policy-activated"]


async def test_a_change_within_the_guard_is_planned_and_audited(store: Store, url: str) -> None:
    looked = await inspected(store, url, 1)
    assert (looked.against, looked.newly, looked.before.since) == ("", KeptOut(1, 1), NOW - timedelta(days=7))
    assert [entry.what for entry in await store.audit.page()] == ["policy-activated", "policy-planned"]


async def test_a_person_can_start_a_change_beyond_the_guard(store: Store, url: str) -> None:
    why = (await inspected(store, url, 0)).against
    assert why.startswith("1 of 1 person would or might lose mail; more than 0 needs approval")
    digest = why.partition("(plan ")[2].partition(")")[0]
    new = await apply(store, digest, ADA, "agreed", NOW, None)
    assert new.digest == rules(SHUT).digest


async def test_a_held_change_can_be_approved_and_started(store: Store, url: str) -> None:
    why = (await inspected(store, url, 0)).against
    digest = why.partition("(plan ")[2].partition(")")[0]
    await approve(store, digest, LIN, "agreed", NOW, GUARD)
    assert (await apply(store, digest, ADA, "agreed", NOW, GUARD)).serial == 2


async def test_gates_that_see_one_commit_name_one_plan(store: Store, url: str) -> None:
    """Two gates with two workers each plan the same change, each a moment later than the other."""
    active = await store.policies.active()
    assert active is not None
    looked = await asyncio.gather(
        *(
            Inspection(store, partial(settings, url, 0), f"gate-{n}", lambda n=n: NOW + timedelta(seconds=n))(
                active, rules(SHUT)
            )
            for n in range(4)
        )
    )
    assert len({each.against for each in looked}) == 1
    (kept,) = await store.plans.latest(9)
    assert kept.digest[:12] in looked[0].against
    planned = [entry.about for entry in await store.audit.page() if entry.what == "policy-planned"]
    assert planned == [f"plan {kept.digest}"]


async def test_a_change_seen_again_is_planned_anew_after_its_plan_is_old(store: Store, url: str) -> None:
    active = await store.policies.active()
    assert active is not None
    for days in (0, 2):
        now = NOW + timedelta(days=days)
        await Inspection(store, partial(settings, url, 0), "gate", lambda now=now: now)(active, rules(SHUT))
    assert len(await store.plans.latest(9)) == 2


async def test_a_freeze_goes_by_the_settings_as_they_are_and_the_clock_of_the_store(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_in_force = [settings(url, None)]
    inspection = Inspection(store, lambda: now_in_force[0], "gate-1", lambda: NOW)
    assert await inspection.frozen() == ""
    guard = GuardSettings.model_construct(max_newly_blocked=5, approvals=1, freeze=(HOLIDAYS,))
    now_in_force[:] = [settings(url, None).model_copy(update={"guard": guard})]
    set_shared_clock(monkeypatch, NOW + timedelta(days=30))
    assert await inspection.frozen() == ""
    monkeypatch.undo()
    assert await inspection.frozen() == "changes are frozen until 2026-12-08 12:00 UTC (holidays)"
