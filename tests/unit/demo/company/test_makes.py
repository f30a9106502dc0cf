"""Makes: what each asks with is classified as what it is."""

import pytest

from mailgate.classify import classify
from mailgate.demo.company.makes import LAPTOPS, ODD, PHONES, TABLETS, Make
from mailgate.model import Kind, RequestFacts

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
