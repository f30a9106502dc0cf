"""Ways: how a device asks, and by which of them a gate knows it."""

from random import Random

import pytest
from tests.unit.demo.examples import NOW

from mailgate.demo.company.clients import is_recognised, is_used, requests_of, sends_proof
from mailgate.demo.company.devices import INTUNE, DeviceProblem, OwnedDevice
from mailgate.demo.company.makes import GALAXY, LINUX, WINDOWS, Make
from mailgate.demo.company.people import Person
from mailgate.devices.trust import ENROLLED


def owned(make: Make, source: str, *, shows: bool) -> OwnedDevice:
    person = Person("a@example.com", 0)
    return OwnedDevice(1, person, make, make.versions[0], source, shows, DeviceProblem.NOTHING, NOW, NOW)


def test_a_phone_that_proves_itself_comes_by_mail_app_and_browser() -> None:
    phone = owned(GALAXY, INTUNE, shows=True)
    mail_app, browser = requests_of(Random(1), phone)
    assert "ActiveSync" in mail_app.target
    assert "Android 15" in browser.user_agent
    assert (sends_proof(phone, mail_app), sends_proof(phone, browser)) == (False, True)
    assert is_recognised(phone, mail_app)
    assert is_recognised(phone, browser)
    assert is_used(Random(1), phone, mail_app)


def test_a_managed_phone_without_proof_has_a_mail_app_alone() -> None:
    (way,) = requests_of(Random(1), owned(GALAXY, INTUNE, shows=False))
    assert "ActiveSync" in way.target


def test_nobody_knows_what_no_source_has() -> None:
    phone = owned(GALAXY, "", shows=False)
    assert not any(is_recognised(phone, way) for way in requests_of(Random(1), phone))


@pytest.mark.parametrize("make", [WINDOWS, LINUX])
def test_an_enrolled_laptop_is_known_in_its_browser_and_not_by_its_mail_program(make: Make) -> None:
    laptop = owned(make, ENROLLED, shows=True)
    random = Random(1)
    found = {way.scheme: way for _ in range(200) for way in requests_of(random, laptop)}
    assert set(found) == {"https", "imap"}
    assert is_recognised(laptop, found["https"])
    assert not is_recognised(laptop, found["imap"])
