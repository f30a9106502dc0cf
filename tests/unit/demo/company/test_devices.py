"""Devices: who has which, and what is the matter with them."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from tests.unit.demo.examples import NOW, managed_phone

from mailgate.attest.mint import TEST_ISSUER
from mailgate.classify import classify
from mailgate.demo.company.devices import (
    INTUNE,
    LAPTOPS,
    ODD,
    PHONES,
    TABLETS,
    WINDOWS,
    CompanyDevice,
    DeviceProblem,
    Make,
    devices,
    eas_id,
    first_records,
    last_records,
    members,
    people,
)
from mailgate.devices.device import Report
from mailgate.devices.names import EAS, KEY, user_text
from mailgate.devices.trust import ENROLLED
from mailgate.model import Kind, RequestFacts


@pytest.fixture(scope="module")
def found() -> list[CompanyDevice]:
    random = Random(3)
    return devices(random, people(random, 1500), NOW)


def test_everybody_has_a_laptop_and_most_have_a_phone(found: list[CompanyDevice]) -> None:
    kinds = Counter(each.make.kind for each in found)
    assert kinds[Kind.LAPTOP] == 1500
    assert 1200 < kinds[Kind.PHONE] < 1500
    assert 100 < kinds[Kind.TABLET] < 350
    assert kinds[Kind.TOOL] + kinds[Kind.OTHER] > 0


def test_a_few_in_a_hundred_phones_have_an_app_that_is_not_allowed(found: list[CompanyDevice]) -> None:
    handhelds = [each for each in found if each.make.kind in (Kind.PHONE, Kind.TABLET)]
    matters = Counter(each.problem for each in handhelds)
    assert set(matters) == set(DeviceProblem)
    assert 0.01 < matters[DeviceProblem.INSTALLED] / len(handhelds) < 0.06
    assert matters[DeviceProblem.NOTHING] > 0.75 * len(handhelds)


def test_an_unknown_device_proves_nothing_and_has_no_problem(found: list[CompanyDevice]) -> None:
    unknown = [each for each in found if not each.source]
    assert unknown
    assert not any(each.proves for each in unknown)
    assert {each.problem for each in unknown} == {DeviceProblem.NOTHING}


def test_apps_come_and_go_at_their_time(found: list[CompanyDevice]) -> None:
    removed = next(each for each in found if each.problem is DeviceProblem.REMOVED)
    assert removed.changed
    assert {"tiktok", "tiktok-lite"} & removed.apps_at(removed.joined)
    assert removed.apps_at(removed.changed) == removed.apps == removed.apps_at(NOW)


def test_everything_was_reported_before_now(found: list[CompanyDevice]) -> None:
    assert all(each.joined < each.looked < NOW for each in found)


def test_no_two_people_have_one_login_name() -> None:
    logins = {person.login for person in people(Random(1), 6000)}
    assert len(logins) == 6000
    assert all(login.endswith("@example.com") and login == user_text(login) for login in logins)


def test_the_same_seed_makes_the_same_people() -> None:
    assert people(Random(1), 50) == people(Random(1), 50) != people(Random(2), 50)


def test_everybody_is_in_one_department() -> None:
    staff = people(Random(1), 200)
    groups = members(staff)
    assert len(groups) == 6
    assert sorted(login for logins in groups.values() for login in logins) == sorted(p.login for p in staff)


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


MAKES = (*LAPTOPS, *PHONES, *TABLETS, *ODD)


@pytest.mark.parametrize("make", MAKES, ids=lambda make: f"{make.kind} {make.os} {make.eas_type}")
def test_the_browsers_of_a_device_tell_its_kind(make: Make) -> None:
    version = make.versions[0]
    agent = make.browsers[0].format(version=version, underscored=version.replace(".", "_"))
    client = classify(RequestFacts(headers={"user-agent": agent}))
    assert (client.kind, client.os) == (make.kind, make.os)


@pytest.mark.parametrize("make", [make for make in MAKES if make.mail_app], ids=lambda make: make.eas_type)
def test_the_mail_app_of_a_phone_is_handheld(make: Make) -> None:
    target = f"/Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=DEMO1&DeviceType={make.eas_type}"
    client = classify(RequestFacts("POST", target, headers={"user-agent": make.mail_app}))
    assert client.handheld
    assert not client.contradicted


@pytest.mark.parametrize("make", [make for make in MAKES if make.imap], ids=lambda make: make.os)
def test_the_mail_program_of_a_laptop_is_a_computers(make: Make) -> None:
    facts = RequestFacts("LOGIN", "/", "imap", headers={"imap-id": make.imap})
    assert classify(facts).kind is Kind.LAPTOP


@pytest.mark.parametrize("shares", [LAPTOPS, PHONES, TABLETS, ODD])
def test_the_shares_are_of_a_hundred(shares: dict[Make, int]) -> None:
    assert sum(shares.values()) == 100
