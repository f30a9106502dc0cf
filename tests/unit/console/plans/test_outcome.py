"""What a plan in force does, against what it said."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.unit.rollout.plans import LABELS, NEWLY, hit, moved, plan_of
from tests.unit.store.examples import NOW
from tests.unit.store.plans import ACT, MOVER, PLAN
from tests.unit.store.test_help_requests import ADA as ASKS
from tests.unit.store.test_plan_movers import asks

from mailgate.console.plans.outcome import (
    PlanOutcome,
    outcome_of,
    panel_of,
    predicted_at,
    was_freed_of,
    watched_people,
)
from mailgate.devices.device import Report
from mailgate.model import Kind
from mailgate.policy.reliefs import Cause, Relief
from mailgate.rollout.activation import retract
from mailgate.rollout.person import Person
from mailgate.rollout.plan import Plan
from mailgate.store import Act, RuleTexts, Store, StoredPlan
from mailgate.store.device_rows import DeviceRow

BLOCKS = dict.fromkeys(LABELS, NEWLY) | {"block": hit(4, 5)}
PLANNED = plan_of(
    made_at=NOW.isoformat(),
    moved=moved(0),
    later=[{"at": (NOW + timedelta(days=2)).isoformat(), "newly": BLOCKS, "moved": moved(4)}],
    kept_out={"people": 4, "devices": 5},
    nobodys=0,
)


def test_the_prediction_grows_with_the_stages() -> None:
    assert predicted_at(PLANNED, NOW) == 0
    assert predicted_at(PLANNED, NOW + timedelta(days=2)) == 4


def test_devices_of_nobody_known_are_predicted_too() -> None:
    with_devices = plan_of(made_at=NOW.isoformat(), moved=moved(3, nobodys=2))
    assert predicted_at(with_devices, NOW) == 5


async def told(store: Store, found: StoredPlan, plan: Plan, now: datetime) -> PlanOutcome:
    """The outcome in numbers."""
    outcome = await outcome_of(store, found, plan, now)
    assert outcome
    return outcome.told


async def test_a_plan_that_is_not_in_force_has_no_outcome(store: Store) -> None:
    assert await outcome_of(store, PLAN, PLANNED, NOW) is None


async def test_hours_halts_and_the_way_back_are_told(store: Store) -> None:
    await store.policies.activate(RuleTexts("p1", {"policy.yaml": "rules: [a]\n"}), ACT)
    act = Act(NOW, "ada", "policy-activated")
    await store.policies.activate(PLAN.candidate, act)
    await asks(store, "bob", PLAN.candidate.policy, hours=1)
    halt = Relief(0, Cause.HALT, "apps", "too many", "gate", NOW + timedelta(hours=1))
    await store.reliefs.halt(halt, Act(NOW, "gate", "rule-halted"))
    outcome = await told(store, PLAN, PLANNED, NOW + timedelta(hours=3))
    assert (outcome.version, outcome.before, outcome.by) == (2, 1, "ada")
    assert (outcome.kept_out, outcome.unexpected, len(outcome.spans)) == (0, 1, 4)
    assert [each.others for each in outcome.spans] == [0, 1, 0, 0]
    (halted,) = outcome.halted
    assert (halted.rule, halted.by_itself, halted.holds) == ("apps", True, True)
    assert (
        panel_of(outcome).words == "So far 0 of 4 people in the plan were refused, and 1 who were not in it."
    )
    long_ago = await told(store, PLAN, PLANNED, NOW + timedelta(days=10))
    assert len(long_ago.spans) == 11


async def test_whoever_is_held_back_or_may_now_prove_a_device_is_not_waited_for(store: Store) -> None:
    """Nor is one of them among those who lose mail."""
    eased = MOVER._replace(person="bob", label="challenge", effect="challenge", before="block")
    after_all_moments = MOVER._replace(person="eve", since=3, until=3)
    found = replace(PLAN, movers=3)
    await store.plans.keep(found, ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER, eased, after_all_moments])
    watched = await watched_people(store, found, PLANNED)
    assert [each.person for each in watched.named] == [MOVER.person]
    assert await store.movers.out(PLAN.digest, before=3) == (1, 0)


async def test_the_app_is_removed_only_if_it_is_gone_from_every_device_that_the_plan_names(
    store: Store,
) -> None:
    """Bob's tablet has lost the app of one rule, and his phone still has that of another."""
    gone = MOVER._replace(person="bob", device="d1", kind="tablet", apps=("tiktok",), rule="one")
    stays = MOVER._replace(person="bob", device="d2", kind="phone", apps=("wechat",), rule="two")
    for order in ([gone, stays], [stays, gone]):
        found = replace(PLAN, digest=f"abcdef0{order[0].device}", movers=2)
        await store.plans.keep(found, ACT)
        await store.movers.add(found.digest, 1, order)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(store.rows), "of_people", rows_of_bob)
            watched = await watched_people(store, found, PLANNED)
        assert [(each.person, each.seen) for each in watched.named] == [("bob", "not-seen")]


async def rows_of_bob(_rows: object, _people: object) -> list[DeviceRow]:
    looked = NOW + timedelta(hours=1)
    tablet = DeviceRow(1, person="bob", kind="tablet", state="clean", reported_at=looked)
    phone = DeviceRow(2, person="bob", kind="phone", state="listed", apps='["wechat"]', reported_at=looked)
    return [tablet, phone]


async def test_a_client_without_a_name_or_known_device_is_counted_and_not_waited_for(store: Store) -> None:
    await store.devices.ingest([Report("jamf", "j1", kind=Kind.PHONE)], NOW)
    (known,) = await store.devices.page()
    nameless = MOVER._replace(person="", device=known.id)
    client = MOVER._replace(person="", device="client 1234abcd")
    found = replace(PLAN, movers=3)
    await store.plans.keep(found, ACT)
    await store.movers.add(PLAN.digest, 1, [MOVER, nameless, client])
    watched = await watched_people(store, found, PLANNED)
    assert ([each.device for each in watched.named if not each.person], watched.unnamed) == ([known.id], 1)


async def test_the_outcome_counts_planned_devices_of_nobody_known(store: Store) -> None:
    """As its refusals do."""
    await store.policies.activate(RuleTexts("p1", {"policy.yaml": "rules: [a]\n"}), ACT)
    await store.devices.ingest([Report("jamf", "j1", kind=Kind.PHONE)], NOW)
    (known,) = await store.devices.page()
    found = replace(PLAN, movers=6)
    people = [MOVER._replace(person=name) for name in ("ada", "bob", "cy", "dan")]
    await store.plans.keep(found, ACT)
    await store.movers.add(PLAN.digest, 1, [*people, MOVER._replace(person="", device=known.id)])
    await store.policies.activate(PLAN.candidate, Act(NOW, "ada", "policy-activated"))
    with_devices = PLANNED.model_copy(update={"nobodys": 1})
    assert (await told(store, found, with_devices, NOW)).planned == 5


async def test_of_rules_that_run_again_it_is_said_whom_they_refused_before(store: Store) -> None:
    """A first refusal is recorded once, so who was refused then may be refused again without a word."""
    await store.policies.activate(RuleTexts("p1", {"policy.yaml": "rules: [a]\n"}), ACT)
    await store.policies.activate(PLAN.candidate, Act(NOW, "ada", "policy-activated"))
    await asks(store, MOVER.person, PLAN.candidate.policy, hours=1)
    await retract(store, Person("lin", "desk"), "sent in error", NOW + timedelta(hours=2))
    again = replace(PLAN, digest="abcdef02", serial=3, movers=1)
    await store.plans.keep(again, ACT)
    await store.movers.add(again.digest, 1, [MOVER])
    await store.policies.activate(PLAN.candidate, Act(NOW + timedelta(hours=5), "ada", "policy-activated"))
    await asks(store, MOVER.person, PLAN.candidate.policy, hours=6)
    outcome = await outcome_of(store, again, PLANNED, NOW + timedelta(hours=7))
    assert outcome
    assert (outcome.told.kept_out, outcome.told.unexpected, outcome.told.earlier) == (0, 0, 1)
    assert [each.seen for each in outcome.watched.named] == ["not-seen"]


async def test_help_is_counted_for_every_rule_that_may_refuse(store: Store) -> None:
    """The default among them, and a rule of which it is not known whether it refuses."""
    await store.policies.activate(RuleTexts("p1", {"policy.yaml": "rules: [a]\n"}), ACT)
    await store.policies.activate(PLAN.candidate, Act(NOW, "ada", "policy-activated"))
    labels = {"block": "default", "unknown": "perhaps", "warn": "warns", "allow": "opens"}
    rows = {label: [{"value": rule, "people": 1, "devices": 1}] for label, rule in labels.items()}
    newly = {label: hit(1, 1, by=NEWLY["by"] | {"rule": rows[label]}) for label in labels}
    refusing = plan_of(made_at=NOW.isoformat(), newly=dict.fromkeys(LABELS, NEWLY) | newly)
    later = NOW + timedelta(minutes=1)
    for rule in labels.values():
        await store.help_requests.note(replace(ASKS, rule=rule, first_at=later, last_at=later))
    outcome = await told(store, PLAN, refusing, NOW + timedelta(hours=1))
    assert outcome.help_requests == {"warns": 1, "default": 1, "perhaps": 1}


async def test_the_outcome_of_a_rolled_back_plan_stays_readable(store: Store) -> None:
    first = await store.policies.activate(RuleTexts("p1", {"policy.yaml": "rules: [a]\n"}), ACT)
    await store.policies.activate(PLAN.candidate, Act(NOW, "ada", "policy-activated"))
    await asks(store, "bob", PLAN.candidate.policy, hours=1)
    plan, end = replace(PLAN, serial=first.serial), NOW + timedelta(hours=2)
    await retract(store, Person("lin", "desk"), "sent in error", end)
    late = Relief(0, Cause.HALT, "apps", "too many", "gate", end + timedelta(hours=1))
    await store.reliefs.halt(late, Act(late.at, "gate", "rule-halted"))
    outcome = await told(store, plan, PLANNED, NOW + timedelta(days=9))
    assert (outcome.version, outcome.before, outcome.unexpected, len(outcome.spans)) == (2, 0, 1, 3)
    assert outcome.ended
    assert (outcome.ended.at, outcome.ended.by, outcome.ended.rolled_back) == (end, "lin", True)
    assert (outcome.ended.version, outcome.ended.note) == (first.number, "sent in error")
    assert outcome.halted == []
    assert "so far" not in panel_of(outcome).words


@pytest.mark.parametrize(
    ("state", "apps", "hours", "freed"),
    [
        ("clean", "", 1, True),
        ("listed", '["wechat"]', 1, True),
        ("listed", '["tiktok"]', 1, False),
        ("clean", "", -1, False),  # of before the plan
        ("partial", "", 1, False),  # a look at the work profile says nothing of the rest
        ("missing", "", 1, False),
        ("stale", "", 1, False),
        ("unavailable", "", 1, False),
    ],
)
def test_an_app_is_removed_only_where_a_look_that_sees_every_app_no_longer_finds_it(
    state: str, apps: str, hours: int, freed: bool
) -> None:
    row = DeviceRow(1, state=state, apps=apps, reported_at=NOW + timedelta(hours=hours))
    assert was_freed_of(row, ["tiktok"], NOW) is freed
