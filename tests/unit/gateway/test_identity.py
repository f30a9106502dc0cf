"""Who is believed to ask, and by what."""

from datetime import timedelta
from ipaddress import ip_network

import pytest
from tests.unit.gateway.gates import NOW
from tests.unit.gateway.test_login_check import Mail, asking, basic, check_of
from tests.unit.gateway.wire import exchange

from mailgate.classify import classify
from mailgate.gateway.facts import read_facts
from mailgate.gateway.identity import Identity, KnownBy, identify, named
from mailgate.gateway.login_check import Login
from mailgate.model import Access, AttestationResult, Posture, Reason

PROVEN = AttestationResult(device_id="1", user="carol", expires=NOW + timedelta(hours=1))
ACTIVESYNC = b"POST /Microsoft-Server-ActiveSync?Cmd=Sync&DeviceId=a&DeviceType=iPhone HTTP/1.1"
TRUSTED = (ip_network("192.0.2.0/24"),)


def access_of(incoming, proof=None, posture=None):
    return Access(incoming.facts, classify(incoming.facts), posture or Posture(), NOW, attestation=proof)


async def who(*fields, proof=None, posture=None, mail=None, trusted=()):
    incoming = asking(*fields, trusted=trusted)
    return await identify(incoming, access_of(incoming, proof, posture), check_of(mail or Mail()))


async def test_without_anything_nobody_is_there():
    assert await who() == Identity()
    assert await who(b"Cookie: roundcube_sessid=1") == Identity()


async def test_a_login_that_the_webmail_has_checked_is_believed():
    assert await who(basic()) == Identity("alice", KnownBy.LOGIN, Login.RIGHT)


@pytest.mark.parametrize(
    ("mail", "login"), [(Mail(stranger=200), Login.UNTOLD), (Mail(known=401), Login.WRONG)]
)
async def test_a_login_that_it_has_not_is_nobody(mail, login):
    assert await who(basic(), mail=mail) == Identity(login=login)


async def test_without_a_check_no_login_is_believed():
    incoming = asking(basic())
    assert await identify(incoming, access_of(incoming), None) == Identity()


async def test_a_trusted_proxy_comes_first_and_nothing_is_asked():
    mail = Mail()
    fields = (b"X-Forwarded-User: bob", basic())
    assert await who(*fields, proof=PROVEN, mail=mail, trusted=TRUSTED) == Identity("bob", KnownBy.PROXY)
    assert mail.asked == []


async def test_what_a_stranger_forwards_is_not_believed():
    assert await who(b"X-Forwarded-User: bob") == Identity()


async def test_a_proven_device_speaks_for_its_owner():
    assert await who(proof=PROVEN) == Identity("carol", KnownBy.DEVICE)
    unnamed = AttestationResult(device_id="1")
    assert await who(proof=unnamed, posture=Posture(owner="dave")) == Identity("dave", KnownBy.DEVICE)
    assert await who(proof=unnamed) == Identity()


async def test_a_refused_proof_speaks_for_nobody():
    refused = AttestationResult(refused=Reason.TOKEN_EXPIRED, user="carol")
    assert await who(proof=refused, posture=Posture(owner="dave")) == Identity()


async def test_an_owner_that_only_a_name_leads_to_is_not_who_asks():
    """An ActiveSync id is no proof."""
    assert await who(posture=Posture(owner="dave")) == Identity()


@pytest.mark.parametrize(("line", "name"), [(ACTIVESYNC, "alice"), (b"GET /inbox HTTP/1.1", "")])
async def test_a_login_chooses_rules_on_activesync_alone(line, name):
    incoming = read_facts(exchange(line, basic()).head, peer="192.0.2.7", secure=False, trusted=())
    assert named(incoming, classify(incoming.facts), None) == name
