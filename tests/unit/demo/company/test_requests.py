"""Asking: the ledger says what the rules of that day say to what was known that day."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from tests.unit.demo.company.conftest import Made
from tests.unit.demo.examples import NOW, managed_phone

from mailgate.demo.company.devices import DeviceProblem, OwnedDevice
from mailgate.demo.company.history import Era, with_policy
from mailgate.demo.company.records import last_records
from mailgate.demo.company.requests import DAYS, History, answers_to
from mailgate.devices.device import Device
from mailgate.devices.posture import PostureTerms
from mailgate.model import Effect, PostureState
from mailgate.policy.groups import NO_GROUPS

CHANGED = NOW - timedelta(days=4, hours=3)


PHONE = managed_phone(proves=False)


def past(made: Made, owned: OwnedDevice) -> History:
    """Rules that keep out phones with a prohibited app, always."""
    eras = [Era(NOW - timedelta(days=40), made.bundle.policy)]
    device = Device("demo", tuple(record.received(NOW) for record in last_records(owned)))
    return History(
        NO_GROUPS,
        eras,
        PostureTerms(timedelta(days=1), ages={"intune": timedelta(days=8)}),
        {owned.number: device},
    )


def effects(made: Made, owned: OwnedDevice) -> Counter[tuple[str, bool]]:
    """How often something was answered, and whether that was after the change."""
    found = answers_to(Random(2), owned, past(made, owned), NOW)
    return Counter((each.decision.effect.value, each.tally.first >= CHANGED) for each in found)


@pytest.mark.parametrize(
    ("phone", "before", "after"),
    [
        (replace(PHONE, problem=DeviceProblem.REMOVED, before=frozenset({"tiktok"})), "block", "allow"),
        (replace(PHONE, problem=DeviceProblem.LOST), "allow", "block"),
    ],
    ids=["the app is removed", "it is lost"],
)
def test_what_happens_to_a_phone_counts_from_then_on(
    made: Made, phone: OwnedDevice, before: str, after: str
) -> None:
    assert set(effects(made, replace(phone, changed=CHANGED))) == {(before, False), (after, True)}


def test_a_phone_that_is_gone_asks_no_more(made: Made) -> None:
    gone = replace(PHONE, problem=DeviceProblem.GONE, changed=CHANGED)
    assert {after for _, after in effects(made, gone)} == {False}


def test_a_silent_phone_is_known_until_its_report_runs_out(made: Made) -> None:
    looked = NOW - timedelta(days=5)
    silent = replace(PHONE, problem=DeviceProblem.STALE, looked=looked)
    for each in answers_to(Random(2), silent, past(made, silent), NOW):
        stale = each.tally.first >= looked + timedelta(days=1)
        assert (each.access.posture.state is PostureState.STALE) == stale


def test_every_refusal_has_a_reference_and_nothing_else_does(made: Made) -> None:
    installed = replace(PHONE, apps=frozenset({"tiktok"}), changed=CHANGED)
    for each in answers_to(Random(2), installed, past(made, installed), NOW):
        told = each.decision.effect is not Effect.ALLOW
        assert bool(each.tally.reference) == told
        assert each.tally.shown == (each.tally.times if told else 0)
        assert each.sighting.day == each.tally.first.date() == each.tally.last.date()


def test_a_day_is_cut_where_the_rules_change(made: Made) -> None:
    rules = with_policy(made.bundle.rules, "first").policy
    changed = replace(PHONE, apps=frozenset({"tiktok"}))
    before = past(made, changed)
    eras = [Era(NOW - timedelta(days=40), rules), Era(CHANGED, made.bundle.policy)]
    found = list(answers_to(Random(2), changed, replace(before, eras=eras), NOW))
    assert {each.tally.first >= CHANGED for each in found if each.decision.effect is Effect.BLOCK} == {True}
    assert {each.tally.last < CHANGED for each in found if each.decision.effect is Effect.ALLOW} == {True}
    assert len({each.sighting.day for each in found}) > DAYS - 4
