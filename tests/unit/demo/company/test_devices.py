"""Devices: who has which, and what is the matter with them."""

from collections import Counter
from random import Random

import pytest
from tests.unit.demo.examples import NOW

from mailgate.demo.company.devices import CompanyDevice, DeviceProblem, devices, members, people
from mailgate.devices.names import user_text
from mailgate.model import Kind


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
