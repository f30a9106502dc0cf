"""People: different names, and the same ones every time."""

from random import Random

from mailgate.demo.company.people import members, people
from mailgate.devices.names import user_text


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
