from dataclasses import replace

import pytest
from tests.pki import NOW, root

from mailgate.attest.client_certs import CertificateVerifier
from mailgate.gateway.evaluate.identity import (
    certificate_result,
    identify,
    still_bound,
    with_earlier_facts,
)
from mailgate.model import (
    AttestationResult,
    CertificateResult,
    Client,
    Compliance,
    Finding,
    Kind,
    Posture,
    PostureState,
    Reason,
    Threat,
)

MAIL = Client(Kind.MAIL_APP, handheld=True, eas_id="A")
GOOD = CertificateResult("thumbprint")
REFUSED = CertificateResult(refused=Reason.CERTIFICATE_REVOKED, detail="it was revoked")
NONE, UNAVAILABLE = Posture(), Posture(PostureState.UNAVAILABLE)
CLEAN = Posture(PostureState.CLEAN, "d1", Kind.PHONE, source="mdm")
OTHER = Posture(PostureState.LISTED, "d2", Kind.PHONE, source="mdm")


async def identified(
    said: Posture,
    certified: Posture,
    certificate: CertificateResult | None = GOOD,
    seen: Client = MAIL,
    logins: tuple[str, ...] = (),
):
    async def named(client, proof, now):
        assert (client, proof, now) == (seen, None, NOW)
        return said

    async def by_certificate(given, now):
        assert (given, now) == (certificate, NOW)
        return certified

    return await identify(seen, None, certificate, NOW, logins=logins, named=named, certified=by_certificate)


@pytest.mark.parametrize(
    ("said", "certified", "counts", "contradicted"),
    [
        (NONE, CLEAN, CLEAN, False),
        (CLEAN, CLEAN, CLEAN, False),
        (CLEAN, NONE, CLEAN, False),
        (NONE, NONE, NONE, False),
        (CLEAN, OTHER, OTHER, True),
        (OTHER, CLEAN, OTHER, True),
        (CLEAN, replace(CLEAN, device_id="d3"), CLEAN, True),
        (NONE, UNAVAILABLE, UNAVAILABLE, False),
        (CLEAN, UNAVAILABLE, CLEAN, False),
        (UNAVAILABLE, CLEAN, CLEAN, False),
    ],
)
async def test_the_certificate_names_the_device_and_of_two_the_stricter_counts(
    said, certified, counts, contradicted
):
    client, posture, certificate = await identified(said, certified)
    assert certificate is GOOD
    assert posture is counts or (contradicted and posture.state is counts.state)
    assert [f.reason for f in client.findings] == [Reason.TWO_DEVICES] * contradicted


async def test_without_a_certificate_nothing_is_asked_of_one():
    assert await identified(CLEAN, OTHER, None) == (MAIL, CLEAN, None)


async def test_a_refused_certificate_names_no_device():
    client, posture, certificate = await identified(CLEAN, OTHER, REFUSED)
    assert certificate is REFUSED
    assert posture is CLEAN
    assert [f.reason for f in client.findings] == [Reason.CERTIFICATE_INVALID]


ADAS = replace(CLEAN, owner="Ada", apps=("tiktok",), lists=("prohibited",))
FOR_ADA = replace(GOOD, persons=("ada@mail.example.com", "ada"))
SAFARI = Client(Kind.PHONE, handheld=True)


@pytest.mark.parametrize(
    ("logins", "owner", "certificate", "of_another"),
    [
        ((), "Ada", FOR_ADA, False),
        (("ada",), "Ada", GOOD, False),
        (("ada",), "", GOOD, False),
        (("ADA",), "Ada", FOR_ADA, False),
        (("bob",), "Ada", GOOD, True),
        (("ada", "bob"), "Ada", GOOD, True),
        (("ada@example.com",), "Ada", GOOD, True),
        (("bob",), "", FOR_ADA, True),
        (("bob",), "Bob", FOR_ADA, True),
        (("bob",), "", GOOD, False),
    ],
)
async def test_a_certificate_of_another_person_than_the_login_is_refused(
    logins, owner, certificate, of_another
):
    own = replace(CLEAN, owner=owner)
    client, posture, worth = await identified(NONE, own, certificate, SAFARI, logins)
    if not of_another:
        assert (posture, worth) == (own, certificate)
        return
    assert (posture.state, posture.device_id, posture.owner) == (PostureState.MISSING, "", "")
    assert worth == CertificateResult(refused=Reason.DEVICE_OF_ANOTHER, detail=worth.detail)
    assert [each.reason for each in client.findings] == [
        Reason.CERTIFICATE_INVALID,
        Reason.DEVICE_OF_ANOTHER,
    ]
    assert client.assurance is SAFARI.assurance


@pytest.mark.parametrize("lost", [False, True])
async def test_of_another_persons_device_only_what_speaks_against_it_counts(lost):
    """It is no computer because somebody else's computer has the certificate, and a phone whatever its browser says."""
    _, posture, _ = await identified(NONE, replace(ADAS, lost=lost), GOOD, SAFARI, ("bob",))
    assert (posture.kind, posture.lists, posture.lost) == (Kind.PHONE, ("prohibited",), lost)
    warned = replace(ADAS, compliance=Compliance.NONCOMPLIANT, threat=Threat.HIGH)
    _, posture, _ = await identified(NONE, warned, GOOD, SAFARI, ("bob",))
    assert (posture.compliance, posture.threat) == (Compliance.NONCOMPLIANT, Threat.HIGH)
    praised = replace(ADAS, compliance=Compliance.COMPLIANT, threat=Threat.SECURED)
    _, posture, _ = await identified(NONE, praised, GOOD, SAFARI, ("bob",))
    assert (posture.compliance, posture.threat) == (Compliance.NONE, Threat.NONE)
    windows = replace(ADAS, kind=Kind.LAPTOP)
    unclear = Client(Kind.UNKNOWN, handheld=False)
    client, posture, _ = await identified(NONE, windows, GOOD, unclear, ("bob",))
    assert (client.kind, posture.kind) == (Kind.UNKNOWN, None)
    _, posture, _ = await identified(CLEAN, replace(ADAS, lost=lost), GOOD, MAIL, ("bob",))
    assert (posture.state, posture.lists, posture.lost) == (PostureState.MISSING, ("prohibited",), lost)


def test_certificates_are_checked_where_any_count():
    authority = root()
    verifier, chain = CertificateVerifier([authority.certificate]), (authority.device().der,)
    assert certificate_result(verifier, chain, NOW).thumbprint
    assert certificate_result(None, chain, NOW) is None
    assert certificate_result(verifier, (), NOW) is None
    assert certificate_result(verifier, REFUSED, NOW) is REFUSED


BOUND = AttestationResult("d1", key_thumbprint="thumbprint")


@pytest.mark.parametrize(
    ("proof", "before", "now", "refused"),
    [
        (BOUND, GOOD, REFUSED, Reason.PROOF_MISSING),
        (BOUND, GOOD, None, Reason.PROOF_MISSING),
        (BOUND, GOOD, GOOD, None),
        (replace(BOUND, key_thumbprint="another"), GOOD, REFUSED, None),
        (BOUND, REFUSED, REFUSED, None),
        (AttestationResult(refused=Reason.TOKEN_EXPIRED), REFUSED, REFUSED, Reason.TOKEN_EXPIRED),
    ],
)
def test_a_token_proves_nothing_once_its_certificate_counts_no_longer(proof, before, now, refused):
    assert still_bound(proof, before, now).refused is refused


def test_a_request_without_a_token_loses_none():
    assert still_bound(None, GOOD, REFUSED) is None


def test_a_key_in_two_places_stays_a_finding_of_the_request():
    found, other = Finding(Reason.KEY_IN_TWO_PLACES, "x"), Finding(Reason.CERTIFICATE_INVALID, "y")
    before = replace(MAIL, findings=(found, other))
    assert with_earlier_facts(before, MAIL).findings == (found,)
    assert with_earlier_facts(MAIL, MAIL) is MAIL


def test_a_proved_handheld_stays_one_for_the_request():
    """Its headers may name a computer, and its token may run out."""
    laptop, phone = Client(Kind.LAPTOP, handheld=False), Client(Kind.PHONE, handheld=True)
    kept = with_earlier_facts(phone, laptop)
    assert (kept.kind, kept.handheld) == (Kind.PHONE, True)
    assert with_earlier_facts(laptop, phone) is phone
    assert with_earlier_facts(laptop, laptop) is laptop
