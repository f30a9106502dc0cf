"""Whom activations newly kept out."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from tests.unit.store.examples import NOW

from mailgate.rollout.guard import Guard, Limit, read_window
from mailgate.store import Act, RuleTexts, Store, StoreError, kept_out
from mailgate.store.kept_out import Counted, CountedMeanwhileError, KeptOut


async def test_people_newly_refused_are_summed_from_a_moment_on(store: Store) -> None:
    assert (await store.kept_out.since(NOW)).kept_out == KeptOut()
    for number in range(3):
        draft = RuleTexts("p", {"policy.yaml": str(number)})
        newly = KeptOut(number, 10 * number)
        details = {"kept_out": asdict(newly)}
        act = Act(NOW + timedelta(days=number), "ada", "policy-activated", details=details)
        await store.policies.activate(draft, act, then=[partial(kept_out.go_by, counted=Counted(newly))])
    assert (await store.kept_out.since(NOW)).kept_out == KeptOut(3, 30)
    assert (await store.kept_out.since(NOW + timedelta(days=2))).kept_out == KeptOut(2, 20)
    assert (await store.kept_out.since(NOW + timedelta(days=3))).kept_out == KeptOut()


async def test_forgotten_people_are_counted_from_the_log(store: Store) -> None:
    acts = (
        Act(NOW, "ada", "device-forgotten", about="device d1"),
        Act(
            NOW + timedelta(days=1), "ada", "person-forgotten", details={"rows": 7, "people": 1, "devices": 2}
        ),
    )
    assert (await store.kept_out.since(NOW)).forgotten == KeptOut()
    for act in acts:
        await store.audit.append(act)
    assert (await store.kept_out.since(NOW)).forgotten == KeptOut(2, 3)
    assert (await store.kept_out.since(NOW + timedelta(days=1))).forgotten == KeptOut(1, 2)


async def test_a_change_goes_by_what_is_counted_when_it_comes_in_force(store: Store) -> None:
    """Whoever was newly kept out or forgotten meanwhile was not in the counts that it goes by."""
    one = KeptOut(1, 1)

    async def activate(text: str, before: KeptOut) -> None:
        act = Act(NOW, "ada", "policy-activated", details={"kept_out": asdict(one)})
        then = partial(kept_out.go_by, counted=Counted(one, NOW, before))
        await store.policies.activate(RuleTexts("p", {"policy.yaml": text}), act, then=[then])

    await activate("1", KeptOut())
    await store.audit.append(Act(NOW, "ada", "device-forgotten", about="device d1"))
    for before in (KeptOut(), one):
        with pytest.raises(CountedMeanwhileError):
            await activate("2", before)
    await activate("2", one + one)
    assert (await store.kept_out.since(NOW)).kept_out == KeptOut(2, 2)


@pytest.mark.parametrize("what", ["policy-activated", "person-forgotten"])
@pytest.mark.parametrize("counts", [5, {"people": 1}, {"people": "x", "devices": 1}])
async def test_counts_that_are_damaged_are_said_to_be(store: Store, what: str, counts: Any) -> None:
    details = {"kept_out": counts} if what == "policy-activated" else {"rows": counts}
    await store.audit.append(Act(NOW, "ada", what, details=details))
    with pytest.raises(StoreError, match="an entry of the audit log is damaged"):
        await read_window(store, Guard(Limit(1)), NOW + timedelta(days=1))
