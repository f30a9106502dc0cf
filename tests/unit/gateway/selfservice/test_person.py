"""Who is believed to ask, and by what."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.selfservice.test_login_check import Mail, asking, basic, check_of

from mailgate.classify import classify
from mailgate.gateway.selfservice.login_check import LoginResult
from mailgate.gateway.selfservice.person import KnownBy, RecognisedPerson, recognise
from mailgate.model import Access, AttestationResult, CertificateResult, Finding, Posture, Reason

PROVEN = AttestationResult(device_id="1", user="carol", expires=NOW + timedelta(hours=1))
TRUSTED = (ip_network("192.0.2.0/24"),)


KNOWN = Posture(device_id="abcd", owner="dave")


def access_of(incoming, proof=None, posture=None, certificate=None, doubt=None):
    client = classify(incoming.facts)
    findings = (Finding(doubt, ""),) if doubt else ()
    return Access(
        incoming.facts,
        replace(client, findings=findings),
        posture or Posture(),
        NOW,
        attestation=proof,
        certificate=certificate,
    )


async def who(*fields, mail=None, trusted=(), **shown):
    incoming = asking(*fields, trusted=trusted)
    return await recognise(incoming, access_of(incoming, **shown), check_of(mail or Mail()))


async def test_without_anything_nobody_is_there():
    assert await who() == RecognisedPerson()
    assert await who(b"Cookie: roundcube_sessid=1") == RecognisedPerson()


async def test_a_login_that_the_webmail_has_checked_is_believed():
    assert await who(basic()) == RecognisedPerson("alice", KnownBy.LOGIN, LoginResult.RIGHT)


@pytest.mark.parametrize(
    ("mail", "login"), [(Mail(stranger=200), LoginResult.UNTOLD), (Mail(known=401), LoginResult.WRONG)]
)
async def test_a_login_that_it_has_not_is_nobody(mail, login):
    assert await who(basic(), mail=mail) == RecognisedPerson(login=login)


async def test_without_a_check_no_login_is_believed():
    incoming = asking(basic())
    assert await recognise(incoming, access_of(incoming), None) == RecognisedPerson()


async def test_a_trusted_proxy_comes_first_and_nothing_is_asked():
    mail = Mail()
    fields = (b"X-Forwarded-User: bob", basic())
    assert await who(*fields, proof=PROVEN, mail=mail, trusted=TRUSTED) == RecognisedPerson(
        "bob", KnownBy.PROXY
    )
    assert mail.asked == []


async def test_a_name_forwarded_by_a_stranger_is_not_believed():
    assert await who(b"X-Forwarded-User: bob") == RecognisedPerson()


UNNAMED = AttestationResult(device_id="1")
CERTIFICATE = CertificateResult(thumbprint="thumb")


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ({"proof": PROVEN, "posture": KNOWN}, "carol"),
        ({"proof": UNNAMED, "posture": KNOWN}, "dave"),
        ({"certificate": CERTIFICATE, "posture": KNOWN}, "dave"),
        ({"proof": UNNAMED, "posture": Posture(device_id="abcd")}, ""),
        ({"certificate": CERTIFICATE}, ""),
        ({"proof": PROVEN, "posture": KNOWN, "doubt": Reason.KEY_IN_TWO_PLACES}, ""),
        ({"certificate": CERTIFICATE, "posture": KNOWN, "doubt": Reason.TWO_DEVICES}, ""),
        ({"proof": AttestationResult(refused=Reason.TOKEN_EXPIRED, user="carol"), "posture": KNOWN}, ""),
        ({"certificate": CertificateResult(refused=Reason.TOKEN_EXPIRED), "posture": KNOWN}, ""),
    ],
)
async def test_a_proven_device_speaks_for_its_owner(shown, name):
    assert await who(**shown) == (RecognisedPerson(name, KnownBy.DEVICE) if name else RecognisedPerson())


async def test_an_owner_found_by_a_mere_name_is_not_the_asker():
    """An ActiveSync id is no proof."""
    assert await who(posture=KNOWN) == RecognisedPerson()
