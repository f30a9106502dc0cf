"""Records: what the sources of a device say of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.demo.examples import NOW, managed_phone

from mailgate.attest.mint import TEST_ISSUER
from mailgate.demo.company.devices import INTUNE, CompanyDevice, DeviceProblem
from mailgate.demo.company.makes import WINDOWS
from mailgate.demo.company.records import eas_id, first_records, last_records
from mailgate.devices.device import Report
from mailgate.devices.names import EAS, KEY
from mailgate.devices.trust import ENROLLED

Recorded = Callable[[CompanyDevice], Iterable[Report]]
CHANGED = NOW - timedelta(days=2)


PHONE = managed_phone(proves=True)


def test_a_phone_that_proves_itself_is_told_of_twice_under_one_name() -> None:
    managed, proven = last_records(PHONE)
    assert (managed.source, proven.source) == (INTUNE, TEST_ISSUER)
    assert (EAS, eas_id(PHONE).lower()) in managed.names & proven.names
    assert KEY in dict(proven.names)
    assert KEY not in dict(managed.names)


def test_apps_are_as_they_were() -> None:
    removed = replace(PHONE, problem=DeviceProblem.REMOVED, before=frozenset({"tiktok"}), changed=CHANGED)
    first, last = next(first_records(removed)), next(last_records(removed))
    assert (first.apps, first.reported_at) == ({"tiktok"}, PHONE.joined)
    assert (last.apps, last.reported_at) == (frozenset(), PHONE.looked)


@pytest.mark.parametrize(
    ("matter", "field"),
    [(DeviceProblem.OWNER, "owner"), (DeviceProblem.SYSTEM, "os"), (DeviceProblem.NOTHING, "")],
)
def test_sources_contradict_each_other_where_that_is_the_matter(matter: DeviceProblem, field: str) -> None:
    one, other = last_records(replace(PHONE, problem=matter))
    assert {name for name in ("owner", "os", "kind") if getattr(one, name) != getattr(other, name)} == {
        *([field] if field else [])
    }


def test_a_partial_and_a_missing_report_are_said_so() -> None:
    partial = next(last_records(replace(PHONE, problem=DeviceProblem.PARTIAL)))
    assert partial.apps_complete is False
    (missing,) = last_records(replace(PHONE, problem=DeviceProblem.MISSING))
    assert missing.reported_at is None


@pytest.mark.parametrize(("records", "gone"), [(first_records, {False}), (last_records, {True})])
def test_a_gone_device_was_there_first(records: Recorded, gone: set[bool]) -> None:
    assert {each.gone for each in records(replace(PHONE, problem=DeviceProblem.GONE))} == gone


def test_a_laptop_reports_only_what_it_proves() -> None:
    (own,) = last_records(replace(PHONE, make=WINDOWS, source=ENROLLED))
    assert own.managed is None
    assert set(dict(own.names)) == {KEY}


def test_nothing_is_reported_of_an_unknown_device() -> None:
    assert not list(last_records(replace(PHONE, source="", proves=False)))
