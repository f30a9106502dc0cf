"""Records: what the sources of a device say of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.demo.company.conftest import NOW

from mailgate.attest.mint import TEST_ISSUER
from mailgate.demo.company.devices import INTUNE, DeviceProblem, OwnedDevice
from mailgate.demo.company.makes import IPHONE, WINDOWS
from mailgate.demo.company.people import Person
from mailgate.demo.company.records import eas_id, first_records, last_records
from mailgate.devices.names import EAS, KEY
from mailgate.devices.trust import ENROLLED

CHANGED = NOW - timedelta(days=2)


@pytest.fixture
def phone() -> OwnedDevice:
    """A phone that is managed and proves itself."""
    joined, looked = NOW - timedelta(days=30), NOW - timedelta(hours=1)
    person = Person("red.map@example.com", 0)
    return OwnedDevice(5, person, IPHONE, "18.6.2", INTUNE, True, DeviceProblem.NOTHING, joined, looked)


def test_a_phone_that_proves_itself_is_told_of_twice_under_one_name(phone: OwnedDevice) -> None:
    managed, proven = last_records(phone)
    assert (managed.source, proven.source) == (INTUNE, TEST_ISSUER)
    assert (EAS, eas_id(phone).lower()) in managed.names & proven.names
    assert KEY in dict(proven.names)
    assert KEY not in dict(managed.names)


def test_apps_are_as_they_were(phone: OwnedDevice) -> None:
    removed = replace(phone, problem=DeviceProblem.REMOVED, before=frozenset({"tiktok"}), changed=CHANGED)
    first, last = next(first_records(removed)), next(last_records(removed))
    assert (first.apps, first.reported_at) == ({"tiktok"}, phone.joined)
    assert (last.apps, last.reported_at) == (frozenset(), phone.looked)


@pytest.mark.parametrize(
    ("matter", "field"),
    [(DeviceProblem.OWNER, "owner"), (DeviceProblem.SYSTEM, "os"), (DeviceProblem.NOTHING, "")],
)
def test_sources_contradict_each_other_where_that_is_the_matter(
    phone: OwnedDevice, matter: DeviceProblem, field: str
) -> None:
    one, other = last_records(replace(phone, problem=matter))
    assert {name for name in ("owner", "os", "kind") if getattr(one, name) != getattr(other, name)} == {
        *([field] if field else [])
    }


def test_partial_missing_and_gone_are_said_so(phone: OwnedDevice) -> None:
    partial = next(last_records(replace(phone, problem=DeviceProblem.PARTIAL)))
    assert partial.apps_complete is False
    (missing,) = last_records(replace(phone, problem=DeviceProblem.MISSING))
    assert missing.reported_at is None
    assert all(each.gone for each in last_records(replace(phone, problem=DeviceProblem.GONE)))
    assert not any(each.gone for each in first_records(replace(phone, problem=DeviceProblem.GONE)))


def test_a_laptop_says_of_itself_only_what_it_proves(phone: OwnedDevice) -> None:
    (own,) = last_records(replace(phone, make=WINDOWS, source=ENROLLED))
    assert own.managed is None
    assert set(dict(own.names)) == {KEY}


def test_of_what_nobody_knows_nothing_is_said(phone: OwnedDevice) -> None:
    assert not list(last_records(replace(phone, source="", proves=False)))
